//! What belongs to no feature: answers, liveness, leaving.

use serde::{Deserialize, Serialize};

use crate::ids::exact;
use crate::nulls::left_out;
use crate::{SessionId, Text};

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

/// "I was here and dropped out" (v1): the first message on a new connection, instead of `auth_request`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Resume {
    /// From `auth_response`.
    pub session_id: SessionId,
    /// From the latest `auth_response` or `resumed`.
    pub resume_token: Text<1, 128>,
    /// The highest `seq` received without a gap before it.
    #[serde(deserialize_with = "exact")]
    pub last_seq: u64,
}

impl std::fmt::Debug for Resume {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(
            out,
            "Resume {{ session_id: {}, last_seq: {}, resume_token: … }}",
            self.session_id, self.last_seq
        )
    }
}

/// Events from one number to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SeqRange {
    /// The first.
    pub from_seq: u64,
    /// The last.
    pub to_seq: u64,
}

/// The session goes on (v1). The events from `from_seq` to `to_seq` follow, in order, each once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Resumed {
    /// The same as in `resume`.
    pub session_id: SessionId,
    /// For the next `resume`; the one before it holds until something has come in on this connection.
    pub resume_token: String,
    /// The first event that follows; one more than `to_seq` when none is missing.
    pub from_seq: u64,
    /// The last event there is.
    pub to_seq: u64,
    /// Events that are gone for good: how things stand now follows right behind this message. `null`, in v1 too, when there
    /// are none.
    pub gap: Option<SeqRange>,
}
