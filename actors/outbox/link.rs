//! The connection that an outbox drains into, and how it ends.

use protocol::session::Disconnect;
use protocol::{CloseCode, ServerMessage};

use crate::bells::Bell;

/// Why a connection ends: the WebSocket close code and one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Farewell {
    pub code: CloseCode,
    pub reason: String,
    /// When to come back, where that makes sense.
    pub retry_after_ms: Option<u64>,
}

impl Farewell {
    pub fn new(code: CloseCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), retry_after_ms: None }
    }

    #[must_use]
    pub fn retry_after(self, retry_after_ms: u64) -> Self {
        Self { retry_after_ms: Some(retry_after_ms), ..self }
    }

    /// The `disconnect` that goes before the close frame.
    pub fn disconnect(&self) -> ServerMessage {
        ServerMessage::Disconnect(Disconnect {
            reason: self.reason.clone(),
            code: self.code.number(),
            retry_after_ms: self.retry_after_ms,
        })
    }
}

/// The connection that an outbox drains into: the newest of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkNumber(pub(super) u64);

/// How a session's link stands, for the sweeper and for admins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// No connection since this time (monotonic milliseconds).
    Gone { since_ms: u64 },
    /// Last heard of at this time (monotonic milliseconds).
    Linked { heard_ms: u64, pinged: bool },
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) number: LinkNumber,
    /// Of the connection, once it has looked.
    pub(super) bell: Option<Bell>,
    /// It has all there was, and is to be told when there is more.
    pub(super) is_asleep: bool,
    /// Its socket takes nothing: what waits for it waits for the client, not for us.
    pub(super) is_jammed: bool,
    pub(super) heard_ms: u64,
    pub(super) ping: Ping,
    pub(super) ending: Option<Ending>,
}

impl Link {
    /// Its bell, if it waits to be told; from now on it does not.
    pub(super) fn awaken(&mut self) -> Option<&Bell> {
        std::mem::take(&mut self.is_asleep).then_some(self.bell.as_ref()).flatten()
    }

    /// Rings even if it was told already that something waits: a connection whose socket is full looks for nothing, but has to
    /// hear of the end.
    pub(super) fn alarm(&mut self) {
        self.is_asleep = false;
        if let Some(bell) = &self.bell {
            bell.ring();
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ping {
    None,
    Due,
    Sent,
}

#[derive(Debug)]
pub(super) struct Ending {
    pub(super) farewell: Farewell,
    /// Events up to here still go out before the goodbye.
    pub(super) last_seq: u64,
}
