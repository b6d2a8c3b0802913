//! `/api/admin/*`: what admins see of the running server, and do to its world.

use actix_web::web::Query;
use actors::backlogs::Worst;
use protocol::auth::Success;
use protocol::{ErrorCode, ErrorMessage, SessionId};
use serde::Deserialize;
use storage::requests::Keep;

use crate::call::{Answer, Call, ok, text};
use crate::world::shard_id;

/// Sessions of one page, when nobody says how many.
const SESSIONS: usize = 50;
/// Sessions of one page, whoever says how many.
const SESSIONS_MAX: usize = 100;

/// `GET /api/admin/mesh`: every entity that has an address.
pub async fn mesh(call: Call) -> Answer {
    ok(&call.edge.world.mesh_view())
}

/// `GET /api/admin/world`: every location with who is in it.
pub async fn world(call: Call) -> Answer {
    ok(&call.edge.world.world_view().await)
}

#[derive(Deserialize)]
struct Page {
    sort: Option<String>,
    offset: Option<String>,
    limit: Option<String>,
}

/// `GET /api/admin/sessions?sort=backlog&offset=0&limit=50`: how sessions keep up with what they are sent, the worst
/// first.
pub async fn sessions(call: Call) -> Answer {
    let page = Query::<Page>::from_query(call.request.query_string())
        .map_err(|_| wrong("query", "expected each of sort, offset and limit once at most"))?;
    let worst = match page.sort.as_deref() {
        None | Some("backlog") => Worst::Backlog,
        Some("drops") => Worst::Drops,
        Some(_) => return Err(wrong("sort", "expected backlog or drops")),
    };
    let number = |text: &Option<String>, otherwise| match text {
        None => Some(otherwise),
        Some(text) => text.parse().ok(),
    };
    let offset = number(&page.offset, 0).ok_or_else(|| wrong("offset", "expected a number from 0"))?;
    let limit = number(&page.limit, SESSIONS).filter(|limit| (1..=SESSIONS_MAX).contains(limit));
    let limit =
        limit.ok_or_else(|| wrong("limit", &format!("expected a number from 1 to {SESSIONS_MAX}")))?;
    ok(&call.edge.world.sessions_view(worst, offset, limit))
}

/// `GET /api/admin/sessions/{id}`.
pub async fn session(call: Call) -> Answer {
    let id = uuid::Uuid::parse_str(call.part("id")).map(SessionId);
    let id = id.map_err(|_| wrong("id", "expected a session_id of GET /api/admin/sessions"))?;
    match call.edge.world.session_view(id) {
        Some(view) => ok(&view),
        None => Err(ErrorMessage::new(ErrorCode::NotFound, "this session does not run").with("field", "id")),
    }
}

fn wrong(field: &str, expected: &str) -> ErrorMessage {
    ErrorMessage::new(ErrorCode::Invalid, format!("{field}: {expected}")).with("field", field)
}

/// What an order is answered with when it is done.
fn done(message: &'static str) -> Success {
    Success { success: true, message: message.to_owned() }
}

/// Kept together with what the order brings about.
fn keep(call: &Call, message: &'static str) -> Option<Keep<()>> {
    call.keep(move |()| text(&done(message)))
}

/// `POST /api/admin/announcements`.
pub async fn announce(call: Call) -> Answer {
    const DONE: &str = "announced";
    let by = &call.who()?.username;
    call.edge.world.announce(&call.json()?, by, keep(&call, DONE)).await?;
    ok(&done(DONE))
}

/// `POST /api/admin/events`.
pub async fn trigger_event(call: Call) -> Answer {
    const DONE: &str = "the event was triggered";
    call.edge.world.trigger_event(&call.json()?, keep(&call, DONE)).await?;
    ok(&done(DONE))
}

/// `POST /api/admin/aetherfall`.
pub async fn end_world(call: Call) -> Answer {
    const DONE: &str = "the world has begun anew";
    call.edge.world.end_world(keep(&call, DONE)).await?;
    ok(&done(DONE))
}

/// `POST /api/admin/shards/{id}/seal`.
pub async fn seal_shard(call: Call) -> Answer {
    const DONE: &str = "nobody can take it";
    call.edge.world.seal_shard(shard_id(&call)?, true, keep(&call, DONE)).await?;
    ok(&done(DONE))
}

/// `DELETE /api/admin/shards/{id}/seal`.
pub async fn unseal_shard(call: Call) -> Answer {
    const DONE: &str = "it can be taken again";
    call.edge.world.seal_shard(shard_id(&call)?, false, keep(&call, DONE)).await?;
    ok(&done(DONE))
}
