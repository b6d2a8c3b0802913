//! Latencies, and everything else that is counted.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::oracle::{Looked, Oracles};
use crate::stage::Strike;

/// Longer than any patience in the lab.
const LONGEST_US: u64 = 120_000_000;
/// Points of a percentile curve for each halving of what is left.
const CURVE_STEPS: u32 = 4;

/// What is timed, each from when it was due, not from when the bot came to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timed {
    Chat,
    Later,
    Answer,
    Ping,
    Trade,
    Party,
    Fight,
    Move,
    Step,
    Travel,
    SignIn,
    Resume,
    Lag,
}

impl Timed {
    pub const ALL: [Self; 13] = [
        Self::Chat,
        Self::Later,
        Self::Answer,
        Self::Ping,
        Self::Trade,
        Self::Party,
        Self::Fight,
        Self::Move,
        Self::Step,
        Self::Travel,
        Self::SignIn,
        Self::Resume,
        Self::Lag,
    ];

    /// As objectives and JSON name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Later => "later",
            Self::Answer => "answer",
            Self::Ping => "ping",
            Self::Trade => "trade",
            Self::Party => "party",
            Self::Fight => "fight",
            Self::Move => "move",
            Self::Step => "step",
            Self::Travel => "travel",
            Self::SignIn => "sign_in",
            Self::Resume => "resume",
            Self::Lag => "lag",
        }
    }

    pub fn meaning(self) -> &'static str {
        match self {
            Self::Chat => "a line of chat, to every ear",
            Self::Later => "a line of chat, to ears that were away",
            Self::Answer => "a line of chat, to its answer",
            Self::Ping => "ping, to pong",
            Self::Trade => "a trade, from the request to its end",
            Self::Party => "something done about a party, to its answer",
            Self::Fight => "a fight, from the challenge to its end",
            Self::Move => "a move in a fight, to its answer",
            Self::Step => "a step, to every eye nearby",
            Self::Travel => "change of location",
            Self::SignIn => "signing in, to the world",
            Self::Resume => "a drop, to being back",
            Self::Lag => "the lab itself was late by",
        }
    }
}

/// How long something took, many times over.
#[derive(Debug, Clone)]
pub struct Latencies(Histogram<u32>);

/// The figures of [`Latencies`], in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Percentiles {
    pub count: u64,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_US, 3).expect("the bounds are in order"))
    }
}

impl Latencies {
    pub fn record(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST_US).clamp(1, LONGEST_US));
    }

    pub fn forget(&mut self) {
        self.0.reset();
    }

    pub fn percentiles(&self) -> Percentiles {
        let at = |quantile| self.0.value_at_quantile(quantile) as f64 / 1000.0;
        Percentiles {
            count: self.0.len(),
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: self.0.max() as f64 / 1000.0,
        }
    }

    /// Quantile and milliseconds, ever closer to the end, up to where one sample makes the difference.
    pub fn curve(&self) -> Vec<(f64, f64)> {
        let steps = self.0.iter_quantiles(CURVE_STEPS);
        let mut curve: Vec<(f64, f64)> = steps
            .map(|step| (step.quantile_iterated_to(), step.value_iterated_to() as f64 / 1000.0))
            .take_while(|(quantile, _)| *quantile < 1.0)
            .collect();
        if !self.0.is_empty() {
            let last = 1.0 - 1.0 / (self.0.len() as f64 + 1.0);
            curve.retain(|(quantile, _)| *quantile < last);
            curve.push((last, self.0.max() as f64 / 1000.0));
        }
        curve
    }
}

/// What all bots add to while the lab runs.
#[derive(Debug)]
pub(crate) struct Score {
    pub oracles: Oracles,
    times: Vec<Latencies>,
    /// Chat since somebody last looked.
    pub lately: Latencies,
    /// Chat to those who always read, while somebody does not read, and while everybody does.
    pub beside_slow: [Latencies; 2],
    pub counts: Counts,
    /// Refusals and other trouble, by code.
    pub trouble: BTreeMap<String, u64>,
    /// Whether what happens now counts.
    pub running: bool,
    /// Once the oracles have judged.
    pub lines_acknowledged: u64,
    pub looked: Looked,
    /// How many bots don't read at the moment.
    pub stalled: usize,
    /// The server was restarted.
    pub strike: Option<Strike>,
}

/// How often something happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub moves_sent: u64,
    /// Not sent, because the lab itself was late; the next one went further instead.
    pub moves_skipped: u64,
    pub moves_rejected: u64,
    /// New positions of others and oneself in the nearest cells, by all viewers together.
    pub moves_seen: u64,
    pub lines_sent: u64,
    pub lines_heard: u64,
    pub pings: u64,
    /// Commands that were refused.
    pub refused: u64,
    /// Connections that dropped, on purpose or not.
    pub drops: u64,
    /// Those of them that nobody wanted: not cut by a bot, not of one that did not read, not of a restarted server.
    pub unexpected_drops: u64,
    /// Sessions that went on after a drop.
    pub resumes: u64,
    /// Bots that had to sign in again after a drop.
    pub reconnects: u64,
    /// Ranges of events that the server said are gone for good.
    pub gaps: u64,
    /// Bots that left or signed out on purpose.
    pub departures: u64,
    /// Bots that came back from there.
    pub sign_ins: u64,
    pub areas_full: u64,
    /// Trades that happened.
    pub trades: u64,
    /// What was refused on the way to one.
    pub trades_refused: u64,
    /// Commands about parties that were carried out.
    pub party_deeds: u64,
    pub party_refused: u64,
    /// How parties stand, as their members heard it.
    pub party_updates: u64,
    /// Fights that ended.
    pub fights: u64,
    /// Moves of bots in them.
    pub combat_moves: u64,
    /// What was refused before a fight and in it.
    pub fights_refused: u64,
    /// Crystal shards that changed hands.
    pub captures: u64,
}

impl Score {
    pub fn new(oracles: Oracles) -> Self {
        Self {
            oracles,
            times: vec![Latencies::default(); Timed::ALL.len()],
            lately: Latencies::default(),
            beside_slow: Default::default(),
            counts: Counts::default(),
            trouble: BTreeMap::new(),
            running: false,
            lines_acknowledged: 0,
            looked: Looked::default(),
            stalled: 0,
            strike: None,
        }
    }

    pub fn time(&mut self, what: Timed, took: Duration) {
        self.times[what as usize].record(took);
        if what == Timed::Chat {
            self.lately.record(took);
        }
    }

    pub fn times(&self, what: Timed) -> &Latencies {
        &self.times[what as usize]
    }

    pub fn trouble(&mut self, what: impl Into<String>) {
        *self.trouble.entry(what.into()).or_default() += 1;
    }

    /// How much longer the others wait while some don't read, where both were seen.
    pub fn slowdown(&self) -> Option<f64> {
        let [while_slow, otherwise] = self.beside_slow.each_ref().map(Latencies::percentiles);
        (while_slow.count > 0 && otherwise.count > 0).then(|| while_slow.p99_ms / otherwise.p99_ms)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Latencies, Timed};

    #[test]
    fn every_time_has_a_slot_of_its_own() {
        for (slot, timed) in Timed::ALL.into_iter().enumerate() {
            assert_eq!(timed as usize, slot, "{}", timed.name());
        }
    }

    #[test]
    fn a_curve_rises_to_the_longest_and_ends_before_one() {
        let mut times = Latencies::default();
        assert!(times.curve().is_empty());
        for ms in 1..=1000 {
            times.record(Duration::from_millis(ms));
        }
        let curve = times.curve();
        assert!(curve.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1), "{curve:?}");
        let (quantile, longest) = *curve.last().unwrap();
        assert!(quantile < 1.0 && quantile > 0.999 && (longest - 1000.0).abs() < 1.0, "{curve:?}");
    }
}
