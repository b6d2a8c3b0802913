//! The only place that reads a clock. Under paused tokio time the world's time stands still with it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rules::Now;
use tokio::time::Instant;

/// What everything in the world takes its time from.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    /// Set for a simulation: the wall clock then runs with the paused one.
    wall_at_start_ms: Option<i64>,
}

impl Clock {
    /// The real clocks of this machine.
    pub fn system() -> Self {
        Self { start: Instant::now(), wall_at_start_ms: None }
    }

    /// A wall clock that starts at `wall_at_start_ms` and runs with tokio's (paused) one.
    pub fn simulated(wall_at_start_ms: i64) -> Self {
        Self { start: Instant::now(), wall_at_start_ms: Some(wall_at_start_ms) }
    }

    pub fn now(&self) -> Now {
        let mono_ms = self.mono_ms();
        let wall_ms = match self.wall_at_start_ms {
            Some(start) => start.saturating_add_unsigned(mono_ms),
            None => wall_ms(),
        };
        Now { wall_ms, mono_ms }
    }

    /// Milliseconds since the world started; never jumps.
    pub fn mono_ms(&self) -> u64 {
        millis(self.start.elapsed())
    }
}

/// A rhythm kept from intended times: what comes late is not made up for.
pub struct Beat {
    intended: Instant,
}

impl Default for Beat {
    fn default() -> Self {
        Self::new()
    }
}

impl Beat {
    pub fn new() -> Self {
        Self { intended: Instant::now() }
    }

    /// Waits for the next beat, which the one after it follows by `step`.
    pub async fn next(&mut self, step: Duration) {
        tokio::time::sleep_until(self.intended).await;
        self.intended = (self.intended + step).max(Instant::now());
    }
}

/// Keeps things apart that may come one right after the other.
pub struct Spacing {
    last: Instant,
}

impl Default for Spacing {
    fn default() -> Self {
        Self::new()
    }
}

impl Spacing {
    pub fn new() -> Self {
        Self { last: Instant::now() }
    }

    /// How long the next has to wait to come `apart` after the last.
    pub fn wait(&self, apart: Duration) -> Duration {
        apart.saturating_sub(self.last.elapsed())
    }

    /// One comes now.
    pub fn mark(&mut self) {
        self.last = Instant::now();
    }
}

fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Unix milliseconds as the seconds that the wire speaks.
pub fn unix_seconds(wall_ms: i64) -> f64 {
    wall_ms as f64 / 1000.0
}

/// Unix milliseconds as ISO 8601, UTC.
pub fn iso8601(wall_ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(wall_ms)
        .unwrap_or_default()
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
