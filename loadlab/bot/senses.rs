//! What a bot has noticed of itself: whether it is there, and where the server says it is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::movement::Position;
use tokio::time::Instant;

/// Shared by a bot, its handlers and its open commands.
#[derive(Debug, Clone)]
pub(crate) struct SharedSenses(Arc<Mutex<Senses>>);

#[derive(Debug, Default)]
pub(crate) struct Senses {
    /// Where the server says one is, after a rejected move.
    pub correction: Option<Position>,
    /// Its connection is gone.
    pub away: bool,
    /// It does not read.
    pub stalled: bool,
    /// Since when it is here and reads, from the epoch of the run.
    pub back: Duration,
    /// When its connection dropped, or should have.
    pub dropped: Option<Instant>,
    /// It goes on purpose: what ends now may end.
    pub leaving: bool,
}

impl Senses {
    pub fn shared() -> SharedSenses {
        SharedSenses(Arc::default())
    }

    /// Whether what was due then could reach it at once.
    pub fn was_there(&self, due: Duration) -> bool {
        !self.away && !self.stalled && !self.leaving && due >= self.back
    }
}

impl SharedSenses {
    pub fn get(&self) -> MutexGuard<'_, Senses> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
