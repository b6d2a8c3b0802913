//! How others stand now, on its way to one client: never a backlog. What could not be sent is replaced, then sent less
//! often, and what comes after a loss is whole.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::{CharacterId, LocationId};
use rules::venue::{Looking, Vantage};

use crate::frame::SharedFrame;

/// Ticks' worth of news that may wait to be sent. One more is the sign of a client that can't keep up.
const TICKS_WAITING_MAX: usize = 2;
/// Ticks between two snapshots to a client that keeps failing to take them: 1.6 s at 20 a second.
const REST_MAX: u32 = 32;

/// What became of a session's state frames so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StateCounts {
    /// Frames that were never sent because newer ones took their place.
    pub replaced: u64,
    /// Times that the rate was lowered.
    pub lowered: u64,
    /// Whole views, after a loss, a change of cell or a new connection.
    pub snapshots: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct StateLane {
    /// Of each character, how it stands: what classic clients are shown.
    each: Vec<(CharacterId, SharedFrame)>,
    /// Ticks' worth of frames, each going on from the one before it.
    around: VecDeque<Arc<[SharedFrame]>>,
    /// The only location that the client is to be shown, once that is known.
    place: Option<LocationId>,
    /// What the client knows once it has all that waits.
    knows: Option<Vantage>,
    /// Ticks to leave out after each that is shown; 0 for a client that keeps up.
    rest: u32,
    resting: u32,
    counts: StateCounts,
}

impl StateLane {
    /// A connection begins or ends: nothing of before is of use.
    pub fn clear(&mut self) {
        *self = Self { counts: self.counts, place: self.place, ..Self::default() };
    }

    /// What waits of another location is of no use any more.
    pub fn stand_in(&mut self, place: LocationId) {
        self.place = Some(place);
        if self.knows.is_none_or(|at| at.location != place) {
            self.around.clear();
            self.knows = None;
        }
    }

    /// What the client knew is not so any more.
    pub fn forget(&mut self) {
        self.knows = None;
    }

    /// Ticks between two that this client is shown; 1 for one that keeps up.
    pub fn every_ticks(&self) -> u32 {
        self.rest + 1
    }

    pub fn counts(&self) -> StateCounts {
        self.counts
    }

    /// Frames that wait.
    pub fn waiting(&self) -> usize {
        self.each.len() + self.around.iter().map(|frames| frames.len()).sum::<usize>()
    }

    pub fn put(&mut self, about: CharacterId, frame: &SharedFrame) {
        match self.each.iter_mut().find(|(id, _)| *id == about) {
            Some((_, old)) => {
                *old = frame.clone();
                self.counts.replaced += 1;
            }
            None => self.each.push((about, frame.clone())),
        }
    }

    /// How the client looks around at this tick; `None` if it is left out to let it catch up.
    pub fn look(&mut self) -> Option<Looking> {
        if self.resting > 0 {
            self.resting -= 1;
            self.knows = None;
            return None;
        }
        Some(Looking::Around { knows: self.knows })
    }

    /// Puts a tick's frames at the end. False: the client is behind, and what waited is let go.
    pub fn put_view(&mut self, at: Vantage, full: bool, frames: &Arc<[SharedFrame]>) -> bool {
        if self.place.is_some_and(|place| place != at.location) {
            return true;
        }
        if full {
            let behind = !self.around.is_empty();
            if behind {
                self.fall_behind();
            }
            self.counts.snapshots += 1;
            self.knows = Some(at);
            self.resting = self.rest;
            self.around.push_back(frames.clone());
            return !behind;
        }
        if self.knows != Some(at) {
            return true;
        }
        if self.around.len() >= TICKS_WAITING_MAX {
            self.counts.replaced += frames.len() as u64;
            self.fall_behind();
            self.resting = self.rest;
            self.knows = None;
            return false;
        }
        self.around.push_back(frames.clone());
        true
    }

    fn fall_behind(&mut self) {
        self.counts.replaced += self.around.drain(..).map(|frames| frames.len() as u64).sum::<u64>();
        self.counts.lowered += 1;
        self.rest = (self.rest * 2).clamp(1, REST_MAX);
    }

    /// Takes all that waits, in order.
    pub fn drain(&mut self, mut take: impl FnMut(&SharedFrame)) {
        if !self.around.is_empty() {
            self.rest /= 2;
        }
        for (_, frame) in self.each.drain(..) {
            take(&frame);
        }
        for frames in self.around.drain(..) {
            frames.iter().for_each(&mut take);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.each.is_empty() && self.around.is_empty()
    }
}
