//! Latencies, and everything else that is counted.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::oracle::Oracle;

/// Longer than any patience in the lab.
const LONGEST_US: u64 = 120_000_000;

/// How long something took, many times over.
#[derive(Debug, Clone)]
pub struct Latencies(Histogram<u32>);

/// The figures of [`Latencies`], in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
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
}

/// What all bots add to while the lab runs.
#[derive(Debug)]
pub(crate) struct Score {
    pub oracle: Oracle,
    /// From the moment a line should have been sent to the moment another bot, or its sender, heard it.
    pub delivery: Latencies,
    /// From the moment a line should have been sent to its acknowledgement.
    pub chat_answer: Latencies,
    /// From sending a change of location to the answer.
    pub travel_answer: Latencies,
    pub counts: Counts,
    /// Refusals and other trouble, by code.
    pub trouble: BTreeMap<String, u64>,
    /// Whether what happens now counts.
    pub running: bool,
}

/// How often something happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub moves_sent: u64,
    /// Not sent, because the lab itself was late; the next one went further instead.
    pub moves_skipped: u64,
    pub moves_rejected: u64,
    pub lines_sent: u64,
    /// Connections that dropped, on purpose or not.
    pub drops: u64,
    /// Sessions that went on after a drop.
    pub resumes: u64,
    /// Bots that had to sign in again after a drop.
    pub reconnects: u64,
    /// Ranges of events that the server said are gone for good.
    pub gaps: u64,
    pub areas_full: u64,
}

impl Score {
    pub fn new(bots: usize) -> Self {
        Self {
            oracle: Oracle::new(bots),
            delivery: Latencies::default(),
            chat_answer: Latencies::default(),
            travel_answer: Latencies::default(),
            counts: Counts::default(),
            trouble: BTreeMap::new(),
            running: false,
        }
    }

    pub fn trouble(&mut self, what: impl Into<String>) {
        *self.trouble.entry(what.into()).or_default() += 1;
    }
}
