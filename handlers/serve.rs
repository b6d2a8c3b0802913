//! The HTTP server itself: workers, deadlines, and who is counted.

use std::any::Any;
use std::io;
use std::net::TcpListener;
use std::rc::Rc;
use std::time::Duration;

use actix_codec::{AsyncRead, AsyncWrite, Framed};
use actix_cors::Cors;
use actix_http::h1::{Codec, ExpectHandler};
use actix_http::{HttpService, KeepAlive, Request};
use actix_server::GracefulShutdownSignal;
use actix_service::boxed::{self, BoxServiceFactory};
use actix_service::{ServiceFactory, fn_factory, map_config};
use actix_web::body::BoxBody;
use actix_web::dev::{AppConfig, Extensions, Server, ServiceResponse};
use actix_web::middleware::{Condition, from_fn};
use actix_web::{App, HttpRequest, HttpResponse, web};
use socket2::SockRef;

use crate::answer::Shape;
use crate::client_ip::ClientIp;
use crate::edge::{Edge, Limiters};
use crate::envelope::{self, Rush};
use crate::routes;
use crate::upgrade::Upgrades;
use crate::ws::Io;

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
    let options = &edge.options;
    actix_rt::spawn(forget_quiet(edge.clone()));
    let server = Server::build();
    let stopping = server.graceful_shutdown_signal();
    let server = server
        .workers(options.workers)
        .max_concurrent_connections(options.http.connections_max.div_ceil(options.workers.max(1)))
        .shutdown_timeout(options.drain.as_secs())
        .disable_signals();
    let server = match tls {
        None => server.listen("http", listener, move || http(&edge, &stopping).tcp())?,
        #[cfg(feature = "tls")]
        Some(config) => {
            server.listen("https", listener, move || http(&edge, &stopping).rustls_0_23(config.clone()))?
        }
        #[cfg(not(feature = "tls"))]
        Some(never) => match never {},
    };
    Ok(server.run())
}

/// What makes, for each worker, a service for requests of this kind.
type Boxed<Req, Res> = BoxServiceFactory<(), Req, Res, actix_web::Error, ()>;
type Http<T> = HttpService<
    T,
    Boxed<Request, ServiceResponse<BoxBody>>,
    BoxBody,
    ExpectHandler,
    Boxed<(Request, Framed<T, Codec>), ()>,
>;

/// HTTP on a worker's connections.
fn http<T>(edge: &Edge, stopping: &GracefulShutdownSignal) -> Http<T>
where
    T: AsyncRead + AsyncWrite + Into<Io> + Unpin + 'static,
{
    let (counted, stopping, options) = (edge.clone(), stopping.clone(), &edge.options.http);
    HttpService::build()
        .client_request_timeout(options.head_timeout)
        .keep_alive(KeepAlive::Timeout(options.keep_alive))
        // Who has said goodbye is not waited for; who still sends is, by `Lingering`.
        .client_disconnect_timeout(Duration::ZERO)
        .graceful_shutdown_signal(move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
        .on_connect_ext(move |stream: &T, extensions| count_in(&counted, stream, extensions))
        .upgrade(boxed::factory(upgrades(edge)))
        .finish(app(edge))
}

/// What becomes of requests that want the socket.
fn upgrades<T>(
    edge: &Edge,
) -> impl ServiceFactory<
    (Request, Framed<T, Codec>),
    Config = (),
    Response = (),
    Error = actix_web::Error,
    InitError = (),
> + use<T>
where
    T: AsyncRead + AsyncWrite + Into<Io> + Unpin + 'static,
{
    let edge = edge.clone();
    fn_factory(move || {
        let app = app(&edge).new_service(());
        async { Ok(Upgrades::new(app.await?)) }
    })
}

/// Everything that has a URL.
fn app(edge: &Edge) -> Boxed<Request, ServiceResponse<BoxBody>> {
    let listed = &edge.options.allowed_origins;
    let app = App::new()
        .app_data(web::Data::new(edge.clone()))
        .wrap(Condition::new(!listed.is_empty(), cors(listed)))
        .wrap(from_fn(envelope::walk))
        .service(web::resource("/ws").get(crate::ws::connect).default_service(web::to(no_upgrade)))
        .configure(routes::configure);
    boxed::factory(map_config(app, |()| AppConfig::default()))
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
    extensions.insert(Rc::new(seat));
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
