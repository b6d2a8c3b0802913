//! What all bots of a run share.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use protocol::CharacterId;
use protocol::ids::CrystalShardId;
use tokio::time::Instant;

use crate::measure::Score;
use crate::mix::{Crowd, Mix, Speech};
use crate::oracle::Line;

/// Where the bots perform.
#[derive(Debug)]
pub(crate) struct Stage {
    pub url: String,
    /// Sets this run's lines apart from what else is said.
    pub run: u32,
    /// The zero of all times in lines.
    pub epoch: Instant,
    pub seed: u64,
    pub mix: Mix,
    /// Everybody's character, once all have arrived: before that nobody says anything.
    pub cast: OnceLock<Vec<CharacterId>>,
    /// Of those who fight: who fights together, by their places in the cast. The first of each begins their fights.
    pub bands: OnceLock<Vec<Vec<usize>>>,
    /// The crystal shards that are fought for, and what their guardians are called.
    pub prizes: OnceLock<Vec<(CrystalShardId, String)>>,
    score: Mutex<Score>,
}

impl Stage {
    pub fn new(url: String, mix: Mix, (seed, run): (u64, u32), score: Score) -> Self {
        let score = Mutex::new(score);
        Self {
            url,
            run,
            epoch: Instant::now(),
            seed,
            mix,
            cast: OnceLock::new(),
            bands: OnceLock::new(),
            prizes: OnceLock::new(),
            score,
        }
    }

    pub fn score(&self) -> MutexGuard<'_, Score> {
        self.score.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn since(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.epoch)
    }

    pub fn is_classic(&self) -> bool {
        self.mix.dialect == Speech::Classic
    }

    /// With whom a bot fights; empty for who does not.
    pub fn band_of(&self, bot: usize) -> Vec<usize> {
        let band = self.bands.get().and_then(|bands| bands.iter().find(|band| band.contains(&bot)));
        band.cloned().unwrap_or_default()
    }

    pub fn is_guardian(&self, name: &str) -> bool {
        self.prizes.get().is_some_and(|prizes| prizes.iter().any(|(_, guardian)| guardian == name))
    }

    pub fn crowd(&self, index: usize) -> &Crowd {
        &self.mix.crowd[index]
    }
}

/// A restart of the server, by the lab's own doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strike {
    /// From the epoch of the run.
    pub at: Duration,
    /// Sessions must go on.
    pub planned: bool,
}

/// A line of chat that carries who said it as which, and when it should have been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spoken {
    pub line: Line,
    pub intended: Duration,
}

impl Spoken {
    pub fn text(self, run: u32) -> String {
        format!("lab {run:08x} {} {} {}", self.line.bot, self.line.number, self.intended.as_micros())
    }

    pub fn parse(run: u32, text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        if words.next()? != "lab" || u32::from_str_radix(words.next()?, 16).ok()? != run {
            return None;
        }
        let line = Line { bot: words.next()?.parse().ok()?, number: words.next()?.parse().ok()? };
        Some(Self { line, intended: Duration::from_micros(words.next()?.parse().ok()?) })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Spoken;
    use crate::oracle::Line;

    #[test]
    fn a_line_is_understood_by_its_own_run_only() {
        let spoken = Spoken { line: Line { bot: 3, number: 4 }, intended: Duration::from_micros(5_000_001) };
        assert_eq!(Spoken::parse(7, &spoken.text(7)), Some(spoken));
        assert_eq!(Spoken::parse(8, &spoken.text(7)), None);
        assert_eq!(Spoken::parse(7, "hello"), None);
    }
}
