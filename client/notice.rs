//! What a client tells about its own connection.

use std::fmt;
use std::time::Duration;

/// Why a connection was lost that [`Client::cut`](crate::Client::cut) ended.
pub const CUT: &str = "cut on purpose";

/// News of the connection, in order with the messages.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// The connection is gone; attempt number `attempt` comes after `wait`.
    Reconnecting { attempt: u32, wait: Duration, why: String },
    /// The session goes on where the connection dropped (v1): what was missed follows, in order, each once; open
    /// commands that it does not answer are sent again under their old names.
    Resumed,
    /// Signed in again, with the same character, open commands sent again under their old names.
    Reconnected,
    /// The character could not be taken up again after reconnecting; nothing of the world comes until another is
    /// selected.
    CharacterLost { why: String },
    /// Events with these numbers did not arrive, and never will (v1).
    Missed { from_seq: u64, to_seq: u64 },
    /// An event came a second time (v1). It was not passed on.
    Repeated { seq: u64 },
    /// A message could not be read; the server may be newer than this SDK.
    Unreadable { why: String },
    /// It is over, and the last thing that is heard.
    Ended(End),
}

/// Why a client ended for good.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// It was asked to.
    Asked,
    /// The server closed the connection with a code that means "don't come back by yourself".
    Closed { code: u16, reason: String },
    /// It could not reconnect.
    Lost { why: String },
}

impl fmt::Display for End {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Asked => out.write_str("disconnected"),
            Self::Closed { code, reason } if reason.is_empty() => {
                write!(out, "closed by the server ({code})")
            }
            Self::Closed { code, reason } => write!(out, "{reason} ({code})"),
            Self::Lost { why } => out.write_str(why),
        }
    }
}
