//! What every request passes first and every response last: its id, its sender, rates, headers, the log line.

use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use protocol::{ErrorCode, ErrorMessage};

use crate::answer::{Shape, refuse};
use crate::census::Seat;
use crate::client_ip::ClientIp;
use crate::edge::{Edge, too_fast};
use crate::linger::{Inlet, Lingering};
use crate::seated::Seated;

/// Our pages load nothing from anywhere, unless they say otherwise themselves.
const HEADERS: &[(HeaderName, &str)] = &[
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];
/// Those who are told to come back do so within this.
const RUSH_SPREAD_MS: u64 = 2_000;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is known of a request before anybody looks at what it wants.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Ours, never the client's: it must be safe to log.
    pub request_id: String,
    pub ip: ClientIp,
}

/// Marks a connection that came when too many came.
pub struct Rush;

impl Arrival {
    /// Of a request that went through [`walk`].
    pub fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_else(|| Self::new(request, &[]))
    }

    fn new(request: &HttpRequest, trusted: &[ipnet::IpNet]) -> Self {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let forwarded: Vec<&str> =
            request.headers().get_all("x-forwarded-for").filter_map(|line| line.to_str().ok()).collect();
        let (id, _) = uuid::Uuid::new_v4().as_u64_pair();
        Self { request_id: format!("{id:016x}"), ip: ClientIp::of(peer, &forwarded, trusted) }
    }
}

/// The one middleware.
///
/// # Errors
/// Those of the services behind it, untouched.
pub async fn walk<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let edge = request.app_data::<web::Data<Edge>>().expect("the server is built with an edge").clone();
    let arrival = Arrival::new(request.request(), &edge.options.trusted_proxies);
    request.extensions_mut().insert(arrival.clone());
    let line = format!("{} {} {}", arrival.ip, request.method(), request.path());
    let came_ms = edge.world.clock().mono_ms();
    let seat = seat_behind_proxy(&edge, &request, &arrival);
    let inlet = Inlet::of(&mut request);
    let mut response = match turn_away(&edge, &request, &arrival, seat.as_ref()) {
        Some(error) => {
            let mut response = refuse(Shape::Problem, &error, &arrival.request_id);
            if error.details.contains_key("connections_max") || request.conn_data::<Rush>().is_some() {
                response.head_mut().set_connection_type(actix_http::ConnectionType::Close);
            }
            request.into_response(response)
        }
        None => next.call(request).await?.map_into_boxed_body(),
    };
    if let Some(seat) = seat {
        response = response.map_body(|_, body| Seated::new(body, seat).boxed());
    }
    if let Some(inlet) = inlet {
        response = response.map_body(|_, body| Lingering::new(body, inlet).boxed());
    }
    add_headers(response.headers_mut(), &edge, &arrival);
    let took_ms = edge.world.clock().mono_ms().saturating_sub(came_ms);
    log::debug!("request={} {line} {} {took_ms} ms", arrival.request_id, response.status().as_u16());
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        log::error!("request={} {line} was answered 500", arrival.request_id);
    }
    Ok(response)
}

/// Connections of their own are counted when they come; clients behind a trusted proxy by what they have open.
fn seat_behind_proxy(edge: &Edge, request: &ServiceRequest, arrival: &Arrival) -> Option<Seat> {
    edge.options.limits.as_ref()?;
    let is_counted = request.conn_data::<Rc<Seat>>().is_some();
    (!is_counted).then(|| edge.census.enter(arrival.ip.key()))
}

/// Why a request gets no further than the door.
fn turn_away(
    edge: &Edge,
    request: &ServiceRequest,
    arrival: &Arrival,
    seat: Option<&Seat>,
) -> Option<ErrorMessage> {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    if !KNOWN.contains(request.method()) {
        let text = format!("the method {} is not served here", request.method());
        return Some(ErrorMessage::new(ErrorCode::MethodNotAllowed, text));
    }
    let limits = edge.options.limits.as_ref()?;
    if request.conn_data::<Rush>().is_some() {
        // Spread out, or they all come back together.
        let retry_after_ms = 500 + uuid::Uuid::new_v4().as_u64_pair().0 % RUSH_SPREAD_MS;
        let error = ErrorMessage::new(ErrorCode::Busy, "too many connect at once: come back in a moment");
        return Some(error.with("retry_after_ms", retry_after_ms));
    }
    let of_its_own = request.conn_data::<Rc<Seat>>().map(AsRef::as_ref);
    if seat.or(of_its_own).is_some_and(|seat| seat.count > limits.connections_per_ip) {
        let max = limits.connections_per_ip;
        let text = format!("more than {max} connections from your address; close some and try again");
        return Some(
            ErrorMessage::new(ErrorCode::RateLimited, text)
                .with("connections_max", max)
                .with("retry_after_ms", 1000),
        );
    }
    edge.limiters.as_ref()?.ip.take(&arrival.ip.key()).err().map(too_fast)
}

fn add_headers(headers: &mut HeaderMap, edge: &Edge, arrival: &Arrival) {
    for (name, value) in HEADERS {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
    }
    if edge.options.secure_cookies {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if let Ok(id) = HeaderValue::from_str(&arrival.request_id) {
        headers.insert(REQUEST_ID, id);
    }
}
