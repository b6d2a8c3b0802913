//! From a request to its handler, in plain order: who, how often, what; then the handler; then the answer.

use std::panic::AssertUnwindSafe;

use actix_web::{HttpRequest, HttpResponse, web};
use actors::limiters::Dear;
use bytes::Bytes;
use futures_util::FutureExt;
use protocol::{ErrorCode, ErrorMessage, MessageId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use storage::requests::Keep;
use storage::sessions::SessionRow;

use crate::answer::refuse;
use crate::edge::{Edge, Limiters, too_fast};
use crate::envelope::Arrival;
use crate::once::{self, Named};
use crate::routes::{Access, Body, Rate, Route};
use crate::{body, credentials};

/// What a handler gives back: a response, or a refusal that its route dresses.
pub type Answer = Result<HttpResponse, ErrorMessage>;

/// A request that may be served.
pub struct Call {
    pub edge: Edge,
    pub request: HttpRequest,
    pub arrival: Arrival,
    /// Always there on routes that need a session.
    who: Option<SessionRow>,
    pub body: Bytes,
    named: Named,
}

impl Call {
    /// # Errors
    /// The body is no JSON, or not that of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ErrorMessage> {
        body::parse(&self.body)
    }

    /// Who asks.
    ///
    /// # Errors
    /// `UNAUTHORIZED` on a route that lets anybody in.
    pub fn who(&self) -> Result<&SessionRow, ErrorMessage> {
        self.who.as_ref().ok_or_else(|| credentials::unauthorized(None))
    }

    /// What limits by address go by.
    pub fn address(&self) -> String {
        self.arrival.ip.key().to_string()
    }

    /// For a handler that keeps its answer in one transaction with its effect, where the client named the request.
    pub fn keep<T>(&self, answer: impl FnOnce(&T) -> String + Send + 'static) -> Option<Keep<T>> {
        self.named.borrow_mut().take().map(|once| Keep::new(once, answer))
    }

    /// What a session's command is called by which the client's request is served: its answer is kept with its effect.
    pub fn command_name(&self) -> Option<MessageId> {
        let named = self.named.borrow();
        let once = named.as_ref()?;
        let mut name = Sha256::new();
        name.update(&once.name);
        name.update(&once.fingerprint);
        let digest = uuid::Uuid::from_slice(&name.finalize()[..16]).ok()?;
        MessageId::new(digest.simple().to_string()).ok()
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

/// The same as [`ok`] puts into the body.
pub fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
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

async fn walk(
    route: &'static Route,
    request: HttpRequest,
    payload: web::Payload,
    arrival: Arrival,
) -> Answer {
    let edge =
        request.app_data::<web::Data<Edge>>().expect("the server is built with an edge").as_ref().clone();
    credentials::refuse_query_tokens(&request)?;
    let who = match route.access {
        Access::Anonymous => None,
        _ => Some(identify(route, &edge, &request).await?),
    };
    if let Some(limiters) = &edge.limiters {
        limit(route.rate, &edge, limiters, &arrival, who.as_ref())?;
    }
    let body = match route.body {
        Body::None => Bytes::new(),
        Body::Optional | Body::Json => body::read(payload, &edge.options.http).await?,
    };
    if route.body == Body::Json || !body.is_empty() {
        body::check_is_json(request.headers())?;
    }
    let account = who.as_ref().map(|who| who.account_id);
    let once = once::name_of(route, &edge, &request, account, &body)?;
    let serving = edge.clone();
    let call = |named| Call { edge, request, arrival, who, body, named };
    match once {
        Some(once) => once::serve(route, serving, once, call).await,
        None => (route.run)(call(Named::default())).await,
    }
}

/// Who asks, if they may ask this.
async fn identify(route: &Route, edge: &Edge, request: &HttpRequest) -> Result<SessionRow, ErrorMessage> {
    let Some(credential) = credentials::of(request) else { return Err(credentials::unauthorized(None)) };
    credentials::check_page(request, &credential, &edge.options)?;
    let who = edge.world.authenticate(&credential.token).await.map_err(|error| match error.error_code {
        ErrorCode::Unauthorized => credentials::unauthorized(Some(&credential)),
        _ => error,
    })?;
    log::debug!("request={} session={}", Arrival::of(request).request_id, who.session_id);
    if !route.access.admits(who.role) {
        return Err(ErrorMessage::new(ErrorCode::Forbidden, "your role does not allow this"));
    }
    Ok(who)
}

fn limit(
    rate: Rate,
    edge: &Edge,
    limiters: &Limiters,
    arrival: &Arrival,
    who: Option<&SessionRow>,
) -> Result<(), ErrorMessage> {
    if let Some(who) = who {
        limiters.session.take(&who.session_id).map_err(too_fast)?;
    }
    let dear = match rate {
        Rate::None => return Ok(()),
        Rate::RegisterDay => return limiters.register_day.take(&arrival.ip.key()).map_err(too_fast),
        Rate::World => Dear::Question,
        Rate::List => Dear::List,
        Rate::Characters => Dear::Character,
    };
    let (account, address) = (who.map(|who| who.account_id), arrival.ip.key().to_string());
    edge.world.limiters().take_dear(dear, account, &address).map_err(too_fast)
}
