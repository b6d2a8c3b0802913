//! The HTTP server itself: workers, deadlines, and who is counted.

use std::any::Any;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_cors::Cors;
use actix_http::KeepAlive;
use actix_web::dev::{Extensions, Server};
use actix_web::middleware::{Condition, from_fn};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use socket2::SockRef;

use crate::answer::Shape;
use crate::client_ip::ClientIp;
use crate::edge::{Edge, Limiters};
use crate::envelope::{self, Rush};
use crate::routes;

/// Beyond its limit an address may have so many more connections, on which it is told why; the next are cut unheard.
const POLITE_EXTRA: usize = 16;
/// How often limiters forget who was quiet.
const FORGET_EVERY: Duration = Duration::from_secs(10);
/// Seconds a browser may remember what a preflight said.
const PREFLIGHT_AGE: usize = 600;

/// TLS for a server that was built with it.
#[cfg(feature = "tls")]
pub type Tls = rustls::ServerConfig;
/// Without the feature there is no such thing.
#[cfg(not(feature = "tls"))]
pub type Tls = std::convert::Infallible;

/// Serves `edge` on `listener` until the handle of the answer stops it. Handles no signals.
///
/// # Errors
/// The listener is not usable, or the workers can't be started.
pub fn serve(edge: Edge, listener: TcpListener, tls: Option<Tls>) -> io::Result<Server> {
    let options = edge.options.clone();
    actix_rt::spawn(forget_quiet(edge.clone()));
    let (counted, data) = (edge.clone(), web::Data::new(edge));
    let server = HttpServer::new(move || {
        let listed = &data.options.allowed_origins;
        App::new()
            .app_data(data.clone())
            .wrap(Condition::new(!listed.is_empty(), cors(listed)))
            .wrap(from_fn(envelope::walk))
            .service(web::resource("/ws").get(crate::ws::connect).default_service(web::to(no_upgrade)))
            .configure(routes::configure)
    })
    .workers(options.workers)
    .max_connections(options.http.connections_max.div_ceil(options.workers.max(1)))
    .client_request_timeout(options.http.head_timeout)
    .keep_alive(KeepAlive::Timeout(options.http.keep_alive))
    // Who has said goodbye is not waited for; who still sends is, by `Lingering`.
    .client_disconnect_timeout(Duration::ZERO)
    .shutdown_timeout(options.drain.as_secs())
    .disable_signals()
    .on_connect(move |connection, extensions| count_in(&counted, connection, extensions));
    let server = match tls {
        None => server.listen(listener)?,
        #[cfg(feature = "tls")]
        Some(config) => server.listen_rustls_0_23(listener, config)?,
        #[cfg(not(feature = "tls"))]
        Some(never) => match never {},
    };
    Ok(server.run())
}

/// The WebSocket begins with a GET.
async fn no_upgrade(request: HttpRequest) -> HttpResponse {
    routes::wrong_method(&request, Shape::Problem, "GET".to_owned())
}

/// Lets the limiters forget, for as long as the server's system runs.
async fn forget_quiet(edge: Edge) {
    let mut rounds = tokio::time::interval(FORGET_EVERY);
    loop {
        rounds.tick().await;
        if let Some(limiters) = &edge.limiters {
            limiters.forget_quiet();
        }
    }
}

/// A browser's page of another origin gets nothing, unless it is listed.
fn cors(listed: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "DELETE"])
        .allowed_headers(["authorization", "content-type", "idempotency-key"])
        .expose_headers(["retry-after", "x-request-id", "idempotency-replayed"])
        .supports_credentials()
        .max_age(PREFLIGHT_AGE);
    listed.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

/// Gives a new connection its seat, which its requests find and its end gives back. A trusted proxy is not counted:
/// all of the world comes through it.
fn count_in(edge: &Edge, connection: &dyn Any, extensions: &mut Extensions) {
    let (Some(limits), Some(stream)) = (&edge.options.limits, stream_of(connection)) else { return };
    if !edge.limiters.as_ref().is_none_or(|limiters| come_in(limiters, extensions)) {
        return cut(stream);
    }
    let Ok(peer) = stream.peer_addr() else { return };
    let ip = peer.ip().to_canonical();
    if edge.options.trusted_proxies.iter().any(|network| network.contains(&ip)) {
        return;
    }
    let seat = edge.census.enter(ClientIp(ip).key());
    if seat.count > limits.connections_per_ip + POLITE_EXTRA {
        cut(stream);
    }
    extensions.insert(seat);
}

/// After a restart everybody comes at once. Those whom there is no time for are told when to come back; false: there
/// is no time for that either.
fn come_in(limiters: &Limiters, extensions: &mut Extensions) -> bool {
    if limiters.accept.take().is_ok() {
        return true;
    }
    extensions.insert(Rush);
    limiters.accept_told.take().is_ok()
}

fn cut(stream: &actix_rt::net::TcpStream) {
    // It may be gone already; that is all we want.
    let _ = SockRef::from(stream).shutdown(std::net::Shutdown::Both);
}

fn stream_of(connection: &dyn Any) -> Option<&actix_rt::net::TcpStream> {
    #[cfg(feature = "tls")]
    if let Some(stream) =
        connection.downcast_ref::<actix_tls::accept::rustls_0_23::TlsStream<actix_rt::net::TcpStream>>()
    {
        return Some(stream.get_ref().0);
    }
    connection.downcast_ref()
}
