//! `/api/world/*`: how the world stands, for anybody.

use actix_web::web::Query;
use protocol::ids::CrystalShardId;
use protocol::world::{ShardHistory, ShardStatus, WorldState};
use protocol::{ErrorCode, ErrorMessage};
use serde::{Deserialize, Serialize};

use storage::world::EVENTS_MAX;

use crate::call::{Answer, Call, ok};

/// Events of one answer, when nobody says how many.
const EVENTS: u32 = 50;

/// Over REST the documents say the number of aetherfalls twice.
#[derive(Serialize)]
struct State<'a> {
    #[serde(flatten)]
    state: &'a WorldState,
    aetherfall_count: u32,
}

/// `GET /api/world/state`.
pub async fn state(call: Call) -> Answer {
    let state = call.edge.world.world_state().await?;
    let aetherfall_count = state.total_aetherfalls;
    ok(&State { state: &state, aetherfall_count })
}

/// `GET /api/world/shards`.
pub async fn shards(call: Call) -> Answer {
    ok(&ShardStatus { shards: (*call.edge.world.crystal_shards().await?).clone() })
}

/// `GET /api/world/shards/{id}/history?limit=50`: who held it and when, the latest first.
pub async fn history(call: Call) -> Answer {
    let shard_id = shard_id(&call)?;
    let history = call.edge.world.shard_history(shard_id, limit(&call)?).await?;
    ok(&ShardHistory { shard_id, history })
}

/// The crystal shard that the path names.
///
/// # Errors
/// `INVALID`: what it names is no number.
pub fn shard_id(call: &Call) -> Result<CrystalShardId, ErrorMessage> {
    let wrong = |_| {
        ErrorMessage::new(ErrorCode::Invalid, "id: expected the number of a crystal shard")
            .with("field", "id")
    };
    call.part("id").parse().map(CrystalShardId).map_err(wrong)
}

#[derive(Deserialize)]
struct Page {
    limit: Option<u32>,
}

/// `GET /api/world/events?limit=50`. More than the most is answered with the most.
pub async fn events(call: Call) -> Answer {
    ok(&call.edge.world.world_events(limit(&call)?).await?)
}

/// How many rows are asked for.
fn limit(call: &Call) -> Result<u32, ErrorMessage> {
    let wrong =
        || ErrorMessage::new(ErrorCode::Invalid, "limit: expected a number from 1").with("field", "limit");
    let page = Query::<Page>::from_query(call.request.query_string()).map_err(|_| wrong())?;
    let limit = page.limit.unwrap_or(EVENTS);
    if limit == 0 {
        return Err(wrong());
    }
    Ok(limit.min(EVENTS_MAX))
}
