//! From a request to its handler, in plain order: who, how often, what; then the handler; then the answer.

use std::panic::AssertUnwindSafe;

use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::FutureExt;
use protocol::{ErrorCode, ErrorMessage};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::answer::refuse;
use crate::edge::Edge;
use crate::envelope::Arrival;
use crate::limiter::too_fast;
use crate::routes::{Body, Rate, Route};
use crate::{body, credentials};

/// What a handler gives back: a response, or a refusal that its route dresses.
pub type Answer = Result<HttpResponse, ErrorMessage>;

/// A request that may be served.
pub struct Call {
    pub edge: Edge,
    pub request: HttpRequest,
    pub arrival: Arrival,
    pub body: Bytes,
}

impl Call {
    /// # Errors
    /// The body is no JSON, or not that of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ErrorMessage> {
        body::parse(&self.body)
    }

    /// A varying part of the path.
    pub fn part(&self, name: &str) -> &str {
        self.request.match_info().get(name).unwrap_or_default()
    }
}

/// Answers 200 with `value`.
pub fn ok(value: &impl Serialize) -> Answer {
    Ok(HttpResponse::Ok().json(value))
}

/// Serves `route`. A panic behind it is our defect and the client's 500, never its stack trace.
pub async fn dispatch(route: &'static Route, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let arrival = Arrival::of(&request);
    let request_id = arrival.request_id.clone();
    let outcome = AssertUnwindSafe(walk(route, request, payload, arrival)).catch_unwind().await;
    let answer = outcome.unwrap_or_else(|_| {
        log::error!("request={request_id} panicked in {} {}", route.method, route.path);
        Err(ErrorMessage::new(ErrorCode::Internal, "a defect of ours; the request id names it in our log"))
    });
    answer.unwrap_or_else(|error| refuse(route.shape, &error, &request_id))
}

async fn walk(route: &Route, request: HttpRequest, payload: web::Payload, arrival: Arrival) -> Answer {
    let edge =
        request.app_data::<web::Data<Edge>>().expect("the server is built with an edge").as_ref().clone();
    credentials::refuse_query_tokens(&request)?;
    if let (Some(limiters), Rate::World) = (&edge.limiters, route.rate) {
        limiters.world.check(&arrival.ip.key()).map_err(too_fast)?;
    }
    let body = match route.body {
        Body::None => Bytes::new(),
        Body::Optional | Body::Json => body::read(payload, &edge.options.http).await?,
    };
    if route.body == Body::Json || !body.is_empty() {
        body::check_is_json(request.headers())?;
    }
    (route.run)(Call { edge, request, arrival, body }).await
}
