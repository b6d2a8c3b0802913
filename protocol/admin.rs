//! What admins see of the running server, over HTTP.

use serde::{Deserialize, Serialize};

use crate::nulls::{left_out, null_is_default};

use crate::{CharacterId, LocationId, SessionId, Text};

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

/// The body of `POST /api/admin/events`: everybody gets an `event_trigger`, and it is remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewEvent {
    /// "announcement" when absent.
    #[serde(default, deserialize_with = "null_is_default")]
    pub event_type: EventKind,
    /// A few words for people.
    pub title: Text<1, 100>,
    /// A sentence or two for people.
    pub description: Text<1, 500>,
    /// Whom it is about, if it is about a faction.
    #[serde(default, skip_serializing_if = "left_out")]
    pub faction: Option<Text<1, 50>>,
    /// Where; absent when it is everywhere.
    #[serde(default, skip_serializing_if = "left_out")]
    pub location_id: Option<LocationId>,
}

/// Events that admins can let happen; the others follow from what players do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    #[default]
    Announcement,
    FactionWar,
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

/// The answer to `GET /api/admin/sessions`: how running sessions keep up with what they are sent, one page of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sessions {
    /// Sessions that run; those of them that are connected.
    pub running: u64,
    pub connected: u64,
    /// Of all that run.
    pub backlog: Backlog,
    /// Of all that run.
    pub counts: SendCounts,
    pub sessions: Vec<SessionView>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_offset: Option<u64>,
}

/// The answer to `GET /api/admin/sessions/{id}`: how one session keeps up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionView {
    pub session_id: SessionId,
    /// Absent without a character in the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub character_id: Option<CharacterId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub character_name: Option<String>,
    /// "connected", "ending" (it is told goodbye, or its socket takes nothing) or "gone".
    pub state: String,
    /// "classic", "classic, sealed", or a subprotocol; absent when it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// How long nothing was heard of it, or how long it is gone.
    pub silent_ms: u64,
    /// A ping is on its way to it, or unanswered.
    pub pinged: bool,
    /// How many ticks apart it is shown the world; 1: it keeps up.
    pub every_ticks: u32,
    pub backlog: Backlog,
    pub counts: SendCounts,
}

/// What is held for a session, or for several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Backlog {
    /// Events that wait to be sent.
    pub unsent_events: u64,
    pub unsent_bytes: u64,
    /// The same and those that were sent and not acknowledged: what a resume can bring.
    pub held_events: u64,
    pub held_bytes: u64,
    /// Frames of the state lane that wait to be sent.
    pub state_frames: u64,
}

/// What became of what a session was to be sent, or several, since they began in this process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SendCounts {
    /// Events that were never sent, and are gone: whoever comes back is told of the gap.
    pub events_lost: u64,
    /// State frames that were never sent, because newer ones or a whole view took their place.
    pub state_replaced: u64,
    /// Times that it was shown the world less often, because it did not keep up.
    pub state_slowed: u64,
    /// Whole views, after a loss, a change of cell or a new connection.
    pub snapshots: u64,
    /// Connections ended with 1013, because more events waited than are kept.
    pub overflows: u64,
    /// Connections given up because nothing was heard of them for too long.
    pub evictions: u64,
    pub pings: u64,
    /// Pings whose connection was gone before anything was heard of it.
    pub pings_unanswered: u64,
    pub connections: u64,
    /// Those among them that went on where an earlier one had dropped.
    pub resumes: u64,
    /// Resumes that could not bring everything.
    pub gaps: u64,
}
