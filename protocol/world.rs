//! The world as a whole: realities, crystal shards, events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::nulls::left_out;

use crate::ids::CrystalShardId;
use crate::{CharacterId, LocationId};

/// The state of the world: `world_state`, and `GET /api/world/state`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorldState {
    /// For example "Neutral" or "Blood Realm".
    pub current_reality: String,
    /// 0 to 100.
    pub reality_stability: f64,
    /// How many crystal shards each faction holds.
    pub faction_shard_counts: BTreeMap<String, u32>,
    /// The crystal shards whose guardians are fought right now.
    #[serde(default)]
    pub contested_shards: Vec<CrystalShardId>,
    /// Who holds the most shards; absent when nobody does.
    #[serde(default, skip_serializing_if = "left_out")]
    pub dominant_faction: Option<String>,
    /// Characters in the world right now.
    pub active_players: u32,
    /// How often the world has ended so far.
    pub total_aetherfalls: u32,
}

/// A crystal shard, as `GET /api/world/shards` and `shard_status` list them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CrystalShard {
    /// What other messages call `shard_id`.
    pub id: CrystalShardId,
    /// 1 to 12.
    pub shard_number: i64,
    /// For example "Phoenix Flame".
    pub name: String,
    /// A sentence or two for people.
    pub description: String,
    /// For example "fire".
    #[serde(default)]
    pub element: String,
    /// Where its guardian stands; absent when no location of the world holds it.
    #[serde(default, skip_serializing_if = "left_out")]
    pub location_id: Option<LocationId>,
    /// Whether a faction holds it.
    pub is_captured: bool,
    /// Who holds it; absent when nobody does.
    #[serde(default, skip_serializing_if = "left_out")]
    pub owning_faction: Option<String>,
    /// "unclaimed", "controlled", "contested" while its guardian is fought, "sealed" when nobody can take it, or "lost".
    pub status: String,
    /// For example "Ignarok the Eternal".
    pub guardian_name: String,
    /// Whether it can be captured.
    pub guardian_defeated: bool,
    /// 100 when whole.
    pub power_level: i64,
}

/// Crystal shards: all of them as the answer to `shard_status` and `GET /api/world/shards`. Unasked, everybody hears of the one
/// that is contested, sealed or neither from now on; one that is taken is told as `shard_captured`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShardStatus {
    /// By number.
    pub shards: Vec<CrystalShard>,
}

/// A faction took a crystal shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShardCaptured {
    /// Which crystal shard.
    pub shard_id: CrystalShardId,
    /// Its name.
    pub shard_name: String,
    /// Who took it.
    pub captured_by_character_id: CharacterId,
    /// The name of who took it.
    pub captured_by_character_name: String,
    /// Who holds it now.
    pub faction: String,
    /// Who held it before; absent when nobody did.
    #[serde(default, skip_serializing_if = "left_out")]
    pub previous_owner_faction: Option<String>,
}

/// The world took on another reality.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RealityShift {
    /// For example "Neutral".
    pub from_reality: String,
    /// For example "Blood Realm".
    pub to_reality: String,
    /// Whose reality it is; absent for Neutral.
    #[serde(default, skip_serializing_if = "left_out")]
    pub faction: Option<String>,
    /// What is left after the shift, 0 to 100.
    pub reality_stability: f64,
}

/// The world ended and began again: no faction holds a crystal shard any more, and what is sealed stays sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Aetherfall {
    /// How often the world has ended so far.
    pub total_aetherfalls: u32,
    /// Who brought it about; absent when stability ran out.
    #[serde(default, skip_serializing_if = "left_out")]
    pub winning_faction: Option<String>,
    /// The one the new world begins in.
    pub new_reality: String,
}

/// Something worth remembering, as `GET /api/world/events` lists it, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorldEvent {
    pub id: i64,
    /// `shard_capture`, `reality_shift`, `aetherfall`, `faction_war` or `announcement`.
    pub event_type: String,
    pub title: String,
    pub description: String,
    /// ISO 8601, UTC.
    pub timestamp: String,
    #[serde(default, skip_serializing_if = "left_out")]
    pub faction: Option<String>,
}

/// The answer to `GET /api/world/events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorldEvents {
    pub events: Vec<WorldEvent>,
}

/// A change of hands of a crystal shard, as `GET /api/world/shards/{id}/history` lists them, the latest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShardOwnership {
    /// Who held it from then on; absent: it was released.
    #[serde(default, skip_serializing_if = "left_out")]
    pub faction: Option<String>,
    /// Who held it before; absent when nobody did.
    #[serde(default, skip_serializing_if = "left_out")]
    pub previous_faction: Option<String>,
    #[serde(default, skip_serializing_if = "left_out")]
    pub captured_by_character_id: Option<CharacterId>,
    #[serde(default, skip_serializing_if = "left_out")]
    pub captured_by_character_name: Option<String>,
    /// ISO 8601, UTC.
    pub timestamp: String,
}

/// The answer to `GET /api/world/shards/{id}/history`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShardHistory {
    pub shard_id: CrystalShardId,
    pub history: Vec<ShardOwnership>,
}

/// The answer to `GET /api/status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServerStatus {
    /// "online", or "draining" while the server stops.
    pub status: String,
    /// The protocol's version.
    pub version: String,
    pub active_players: u32,
    pub active_sessions: u32,
    pub websocket_connections: u32,
    /// For people, for example "3h 12m 5s".
    pub uptime: String,
}
