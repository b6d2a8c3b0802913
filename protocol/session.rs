//! What belongs to no feature: answers, liveness, leaving.

use serde::{Deserialize, Serialize};

use crate::nulls::left_out;

use crate::Text;
use crate::ids::exact;

/// A client's own name for a command (1 to 64 characters). Exactly one answer carries it.
pub type MessageId = Text<1, 64>;

/// A message that says all it has to say by its type.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Bare {}

/// The answer to a command that has no documented reply of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Done {}

/// The answer to `ping`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Pong {
    /// The server's wall clock, Unix seconds.
    pub server_time: f64,
}

/// "I am leaving": ends the connection, not the session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Leave {
    /// One sentence for a person.
    #[serde(default, skip_serializing_if = "left_out")]
    pub reason: Option<Text<0, 200>>,
}

/// "You are being disconnected": the last message before the close frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Disconnect {
    /// One sentence for a person.
    pub reason: String,
    /// The WebSocket close code that follows, for example 1012 (restart) or 4001 (replaced).
    pub code: u16,
    /// How long to wait before connecting again. Present where coming back makes sense.
    #[serde(default, skip_serializing_if = "left_out")]
    pub retry_after_ms: Option<u64>,
}

/// "I have everything up to here" (v1): lets the server forget events it keeps for a resume.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ack {
    /// The highest `seq` received without a gap before it.
    #[serde(deserialize_with = "exact")]
    pub seq: u64,
}
