//! What became of what one session was to be sent: counted where it happens, looked at by admins.

use protocol::Dialect;

use crate::outbox::link::Ping;
use crate::outbox::{Outbox, StateCounts};

/// Counts since the session began in this process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Connections.
    pub links: u64,
    /// Those among them that went on where an earlier one had dropped.
    pub resumes: u64,
    /// Resumes that could not bring everything.
    pub gaps: u64,
    /// Connections ended because more events waited than are kept.
    pub overflows: u64,
    /// Connections given up because nothing was heard of them.
    pub evictions: u64,
    pub pings: u64,
    /// Pings that were not answered by anything before the connection was gone.
    pub pings_unanswered: u64,
}

/// How a session's way out stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// `None`: no connection.
    pub link: Option<LinkStanding>,
    /// Since when there is none, monotonic milliseconds.
    pub gone_since_ms: u64,
    /// Events that wait to be sent, and their bytes.
    pub unsent: (usize, usize),
    /// The same with those that were sent and not acknowledged: what is held in memory.
    pub held: (usize, usize),
    /// Events that were never sent, and are gone.
    pub lost: u64,
    /// State frames that wait to be sent.
    pub state_waiting: usize,
    /// How many ticks apart it is shown the world; 1: it keeps up.
    pub every_ticks: u32,
    pub state: StateCounts,
    pub tally: Tally,
}

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkStanding {
    pub dialect: Dialect,
    /// When something was last heard of it, monotonic milliseconds.
    pub heard_ms: u64,
    pub pinged: bool,
    /// It is told goodbye.
    pub ending: bool,
}

impl Outbox {
    /// Everything that an admin may want to know.
    pub fn standing(&self) -> Standing {
        let inner = self.lock();
        let (events, bytes, lost) = inner.ring.backlog();
        Standing {
            link: inner.link.as_ref().map(|link| LinkStanding {
                dialect: self.dialect(),
                heard_ms: link.heard_ms,
                pinged: link.ping != Ping::None,
                ending: link.ending.is_some(),
            }),
            gone_since_ms: inner.gone_since_ms,
            unsent: inner.ring.unsent(),
            held: (events, bytes),
            lost,
            state_waiting: inner.state.waiting(),
            every_ticks: inner.state.every_ticks(),
            state: inner.state.counts(),
            tally: Tally { links: inner.links, ..inner.tally },
        }
    }
}
