//! `Idempotency-Key`: a request that changes something of an account has its effect once, however often it is sent, and
//! every repetition gets the first answer, for 24 hours.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::body::MessageBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName};
use actix_web::{HttpRequest, HttpResponse};
use actors::errors::storage_error;
use protocol::{AccountId, ErrorCode, ErrorMessage};
use sha2::{Digest, Sha256};
use storage::requests::{self, Kept, Once};

use crate::call::{Answer, Call};
use crate::edge::Edge;
use crate::routes::Route;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Tells a client that this is the answer of before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const KEY_CHARS_MAX: usize = 64;

/// A request's name, for the handler that can keep its answer in the same transaction as its effect.
pub type Named = Rc<RefCell<Option<Once>>>;

/// Lets one at a time through.
type Gate = Arc<tokio::sync::Mutex<()>>;

/// Requests that are being served now: those of the same name wait for one another.
#[derive(Debug, Default)]
pub struct UnderWay {
    gates: Mutex<HashMap<(AccountId, String), Gate>>,
}

impl UnderWay {
    fn gate(&self, once: &Once) -> Gate {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody waits at those that only this list knows.
        gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        gates.entry((once.account, once.name.clone())).or_default().clone()
    }
}

/// What the client calls a request; `None` when it gives it no name, or is not signed in.
///
/// # Errors
/// `INVALID`: the name is empty, too long, or no plain text.
pub fn name_of(
    route: &Route,
    edge: &Edge,
    request: &HttpRequest,
    account: Option<AccountId>,
    body: &[u8],
) -> Result<Option<Once>, ErrorMessage> {
    let (Some(account), Some(key)) = (account, request.headers().get(KEY)) else { return Ok(None) };
    if route.method.is_safe() {
        return Ok(None);
    }
    let key = key.to_str().unwrap_or_default();
    // The draft of the IETF writes it in quotes; most clients don't.
    let key = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
    if key.is_empty() || key.len() > KEY_CHARS_MAX {
        let reason = format!("idempotency-key: expected 1 to {KEY_CHARS_MAX} visible ASCII characters");
        return Err(ErrorMessage::new(ErrorCode::Invalid, reason).with("field", "idempotency-key"));
    }
    let mut fingerprint = Sha256::new();
    fingerprint.update(format!("{} {}\n", request.method(), request.path()));
    fingerprint.update(body);
    let now = edge.world.clock().now().wall_ms;
    let name = format!("rest:{key}");
    Ok(Some(Once { account, name, fingerprint: fingerprint.finalize().to_vec(), now }))
}

/// Serves a request that has a name: once.
///
/// # Errors
/// Those of the handler, which are not kept: nothing was changed. `CONFLICT`: the name is that of another request.
pub async fn serve(
    route: &'static Route,
    edge: Edge,
    once: Once,
    call: impl FnOnce(Named) -> Call + 'static,
) -> Answer {
    // To its end, though the client hangs up: its repetition must not be served beside it.
    let served = actix_rt::spawn(async move { serve_in_turn(route, &edge, once, call).await }).await;
    served.unwrap_or_else(|ended| match ended.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Err(ErrorMessage::new(ErrorCode::Busy, "the server stops: try again later")),
    })
}

async fn serve_in_turn(route: &Route, edge: &Edge, once: Once, call: impl FnOnce(Named) -> Call) -> Answer {
    let gate = edge.under_way.gate(&once);
    let _turn = gate.lock().await;
    if let Some(kept) = find(edge, &once).await? {
        return again(&once, kept);
    }
    let named: Named = Rc::new(RefCell::new(Some(once.clone())));
    let response = (route.run)(call(named.clone())).await?;
    let unkept = named.borrow_mut().take();
    match unkept {
        Some(once) if response.status() == StatusCode::OK => keep(edge, once, response).await,
        _ => Ok(response),
    }
}

async fn find(edge: &Edge, once: &Once) -> Result<Option<Kept>, ErrorMessage> {
    let kept = edge.world.store().read(requests::find(once.account, once.name.clone())).await;
    kept.map_err(|error| storage_error(&error))
}

fn again(once: &Once, kept: Kept) -> Answer {
    if kept.fingerprint != once.fingerprint {
        let reason = "idempotency-key: it was used for another request; each needs one of its own";
        return Err(ErrorMessage::new(ErrorCode::Conflict, reason).with("field", "idempotency-key"));
    }
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, "application/json")).insert_header((REPLAYED, "true"));
    Ok(response.body(kept.answer))
}

/// For handlers whose effect may come twice without harm: a crash before this makes it come twice.
async fn keep(edge: &Edge, once: Once, response: HttpResponse) -> Answer {
    let (response, body) = response.into_parts();
    let body = body.try_into_bytes().unwrap_or_default();
    let answer = String::from_utf8_lossy(&body).into_owned();
    if let Err(error) = edge.world.store().write(requests::keep(once, answer)).await {
        log::warn!("an answer could not be kept: {error}");
    }
    Ok(response.set_body(body).map_into_boxed_body())
}
