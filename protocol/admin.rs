//! What admins see of the running server, over HTTP.

use serde::{Deserialize, Serialize};

use crate::{CharacterId, LocationId};

/// The answer to `GET /api/admin/mesh`: every entity that has an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mesh {
    pub entities: Vec<Entity>,
}

/// One actor of the mesh.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Entity {
    /// "session", "room", "world_shard", …
    pub kind: String,
    pub key: String,
    /// Which arbiter (thread) of the pool it runs on.
    pub arbiter: usize,
    /// "running" or "quarantined".
    pub state: String,
    pub generation: u64,
    /// Messages that wait in its mailbox.
    pub mailbox_depth: u64,
    /// How long the oldest of them has waited.
    pub oldest_message_ms: u64,
    /// Messages handled since it started.
    pub handled: u64,
    /// Times it was restarted after a panic.
    pub restarts: u64,
    /// Who is in it, or who listens to it.
    pub members: u64,
}

/// The answer to `GET /api/admin/world`: every location with who is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct World {
    pub locations: Vec<LocationView>,
}

/// A location and its occupants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LocationView {
    pub location_id: LocationId,
    pub name: String,
    pub world_shard: String,
    pub danger: i64,
    pub capacity: Option<u32>,
    pub characters: Vec<OccupantView>,
}

/// Somebody in a location.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OccupantView {
    pub character_id: CharacterId,
    pub character_name: String,
    pub faction: String,
    pub level: i32,
    pub x: f64,
    pub y: f64,
}
