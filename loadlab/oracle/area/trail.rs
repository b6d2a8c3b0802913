//! What a bot said of itself, to hold against what others are shown of it; and in which cells it saw itself.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::LocationId;
use protocol::movement::Position;

use super::picture::{Cell, EXACT_M};

/// So many positions are remembered: 25 s of one who moves 20 times a second.
const REMEMBERED: usize = 512;
/// Whoever was corrected is trusted again after so many more steps: by then each of them was believed.
const TRUSTED_AFTER: u64 = 10;
/// A cell is left every few seconds at most.
const STAYS: usize = 64;

/// A position that a bot told the server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Said {
    pub location: LocationId,
    pub at: (f64, f64),
    /// When it was due, from the epoch of the run.
    pub intended: Duration,
}

/// What one bot said.
#[derive(Debug, Default)]
pub(super) struct Trail {
    /// The server has said where it began.
    is_awake: bool,
    location: Option<LocationId>,
    said: VecDeque<Said>,
    /// How many were forgotten.
    forgotten: u64,
    /// How many were said when it was last corrected.
    corrected: Option<u64>,
    /// Whether the last one reached the server, as far as one can know.
    is_sure: bool,
}

impl Trail {
    pub fn is_at(&mut self, location: LocationId) {
        self.location = Some(location);
    }

    /// The server says where it is, having come into the world. The news may be behind what the bot said since.
    pub fn wake(&mut self, location: LocationId, position: Position, at: Duration) {
        self.location.get_or_insert(location);
        if !self.is_awake {
            let first = Said { location, at: (position.x, position.y), intended: at };
            self.is_sure |= self.said.is_empty();
            self.said.push_front(first);
        } else if self.find(location, (position.x, position.y)).is_none() {
            self.say(location, position, at);
        }
        self.is_awake = true;
    }

    pub fn say(&mut self, location: LocationId, position: Position, intended: Duration) {
        if self.said.len() == REMEMBERED {
            self.said.pop_front();
            self.forgotten += 1;
        }
        self.said.push_back(Said { location, at: (position.x, position.y), intended });
        self.is_sure = true;
    }

    pub fn step(&mut self, position: Position, intended: Duration) {
        if let Some(location) = self.location {
            self.say(location, position, intended);
        }
    }

    pub fn correct(&mut self) {
        self.corrected = Some(self.count());
    }

    /// What was said last may have been lost.
    pub fn doubt(&mut self) {
        self.is_sure = false;
    }

    fn count(&self) -> u64 {
        self.forgotten + self.said.len() as u64
    }

    /// Which of the positions this is, by its number; the latest, where several are the same.
    pub fn find(&self, location: LocationId, at: (f64, f64)) -> Option<(u64, Duration)> {
        let is_it = |said: &Said| {
            said.location == location
                && (said.at.0 - at.0).abs() < EXACT_M
                && (said.at.1 - at.1).abs() < EXACT_M
        };
        let (index, said) = self.said.iter().enumerate().rev().find(|(_, said)| is_it(said))?;
        Some((self.forgotten + index as u64, said.intended))
    }

    /// Whether it is known where it began.
    pub fn is_awake(&self) -> bool {
        self.is_awake
    }

    /// Whether everything that was ever said is remembered.
    pub fn is_complete(&self) -> bool {
        self.forgotten == 0
    }

    /// Where it is now, if that is beyond doubt.
    pub fn last(&self) -> Option<Said> {
        let is_trusted = self.corrected.is_none_or(|count| self.count() >= count + TRUSTED_AFTER);
        self.said.back().copied().filter(|_| is_trusted && self.is_sure)
    }
}

/// In which cell a viewer saw itself, from which tick to which.
#[derive(Debug, Clone, Copy)]
struct Stay {
    location: LocationId,
    cell: Cell,
    from: u64,
    to: u64,
}

/// Where a viewer was at which tick, as it was told itself.
#[derive(Debug, Default)]
pub(super) struct Stays(VecDeque<Stay>);

impl Stays {
    /// It was told everything at this tick, and that it is there.
    pub fn begin(&mut self, (location, cell): (LocationId, Cell), tick: u64) {
        if self.0.back().is_some_and(|stay| (stay.location, stay.from) == (location, tick)) {
            return;
        }
        if self.0.len() == STAYS {
            self.0.pop_front();
        }
        self.0.push_back(Stay { location, cell, from: tick, to: tick });
    }

    /// It was told news at this tick, and so is where it was.
    pub fn go_on(&mut self, location: LocationId, tick: u64) {
        if let Some(stay) = self.0.back_mut().filter(|stay| stay.location == location) {
            stay.to = stay.to.max(tick);
        }
    }

    pub fn at(&self, location: LocationId, tick: u64) -> Option<Cell> {
        let covers = |stay: &&Stay| stay.location == location && (stay.from..=stay.to).contains(&tick);
        self.0.iter().rev().find(covers).map(|stay| stay.cell)
    }
}
