//! `/api/blocks*`: whom one wants nothing from.

use protocol::auth::Success;
use protocol::blocks::Whom;
use protocol::{CharacterId, ErrorCode, ErrorMessage};

use crate::call::{Answer, Call, ok, text};

/// `GET /api/blocks`.
pub async fn list(call: Call) -> Answer {
    ok(&call.edge.world.block_list(call.who()?.account_id).await?)
}

/// `POST /api/blocks`.
pub async fn add(call: Call) -> Answer {
    let whom: Whom = call.json()?;
    let answer = |name: &str| Success { success: true, message: format!("{name} is blocked") };
    let keep = call.keep(move |name: &String| text(&answer(name)));
    let name = call.edge.world.block(call.who()?.account_id, &whom, keep).await?;
    ok(&answer(&name))
}

/// `DELETE /api/blocks/{id}`.
pub async fn remove(call: Call) -> Answer {
    let id = call.part("id").parse().map(CharacterId).map_err(|_| {
        ErrorMessage::new(ErrorCode::Invalid, "id: expected the number of a character").with("field", "id")
    })?;
    let whom = Whom { character_id: Some(id), character_name: None };
    let answer = |name: &str| Success { success: true, message: format!("{name} is no longer blocked") };
    let keep = call.keep(move |name: &String| text(&answer(name)));
    let removed = call.edge.world.unblock(call.who()?.account_id, &whom, keep).await;
    let name = removed.map_err(|error| match error.error_code {
        ErrorCode::NotFound => error.with("field", "id"),
        _ => error,
    })?;
    ok(&answer(&name))
}
