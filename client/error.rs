//! Why something the SDK was asked for did not happen.

use std::time::Duration;

use protocol::text::WrongLength;
use protocol::{ErrorCode, ErrorMessage};
use serde_json::{Map, Value};

/// Every way a call of the SDK can fail.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ClientError {
    /// The address is not one this SDK can connect to.
    #[error("{0}")]
    Address(String),
    /// Nobody answered there, or what answered is no Shardmesh server.
    #[error("can't reach {url}: {why}")]
    Unreachable { url: String, why: String },
    /// The server understood and said no. Nothing was changed.
    #[error("{message} ({code})")]
    Refused {
        code: ErrorCode,
        /// One sentence for a person.
        message: String,
        /// More for programs: `field`, `retry_after_ms`, …
        details: Map<String, Value>,
    },
    /// No answer came in time. The command may have had its effect all the same.
    #[error("no answer to {command} within {after:?}")]
    NoAnswer { command: &'static str, after: Duration },
    /// The client has ended, and does not reconnect by itself.
    #[error("the connection has ended: {0}")]
    Ended(String),
    /// The answer is of a type that does not answer this command.
    #[error("{command} was answered with {found}")]
    Unexpected { command: &'static str, found: &'static str },
    /// What the server sent can't be read; its version may be newer than this SDK.
    #[error("the server's message can't be read: {0}")]
    Malformed(String),
    /// A text is too short or too long; nothing was sent.
    #[error(transparent)]
    Length(#[from] WrongLength),
}

impl ClientError {
    /// The code of a refusal.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// When the server asks to try again, where it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { details, .. } => {
                details.get("retry_after_ms").and_then(Value::as_u64).map(Duration::from_millis)
            }
            _ => None,
        }
    }

    /// Whether the same may well work a little later.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::NoAnswer { .. } => true,
            Self::Refused { code, .. } => {
                use ErrorCode::{Busy, Internal, RateLimited, Storage, Timeout};
                matches!(code, Busy | Internal | RateLimited | Storage | Timeout)
            }
            _ => false,
        }
    }
}

impl From<ErrorMessage> for ClientError {
    fn from(error: ErrorMessage) -> Self {
        Self::Refused { code: error.error_code, message: error.error_message, details: error.details }
    }
}
