//! How a run went over time: a row every second or so.

use std::time::Duration;

use serde::Serialize;

use crate::measure::{Counts, Score};
use crate::process::{Load, Watch};

/// Rows of a run at most: what a plot can show.
const ROWS_MAX: u64 = 400;
const ROW_SHORTEST: Duration = Duration::from_millis(500);

/// One row: what happened since the row before.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Row {
    pub at_secs: f64,
    pub lines_heard_per_sec: f64,
    pub steps_per_sec: f64,
    pub steps_seen_per_sec: f64,
    pub pings_per_sec: f64,
    pub drops: u64,
    pub resumes: u64,
    pub sign_ins: u64,
    /// Of chat; absent where nobody heard anything.
    pub chat_p50_ms: Option<f64>,
    pub chat_p99_ms: Option<f64>,
    pub server: Option<Load>,
    pub lab: Option<Load>,
}

/// Makes the rows.
#[derive(Debug)]
pub(crate) struct Recorder {
    every: Duration,
    last: Duration,
    counts: Counts,
    pub rows: Vec<Row>,
    pub server: Option<Watch>,
    pub lab: Watch,
}

impl Recorder {
    pub fn new(length: Duration, server_pid: Option<u32>) -> Self {
        Self {
            every: (length / ROWS_MAX as u32).max(ROW_SHORTEST),
            last: Duration::ZERO,
            counts: Counts::default(),
            rows: Vec::new(),
            server: server_pid.map(Watch::new),
            lab: Watch::new(std::process::id()),
        }
    }

    /// Looks, `at` so long after the start; writes a row when one is due.
    pub fn look(&mut self, at: Duration, score: &mut Score) {
        if at < self.last + self.every {
            return;
        }
        let secs = (at - self.last).as_secs_f64();
        let (now, before) = (score.counts, self.counts);
        let rate = |now: u64, before: u64| (now - before) as f64 / secs;
        let chat = score.lately.percentiles();
        score.lately.forget();
        self.rows.push(Row {
            at_secs: at.as_secs_f64(),
            lines_heard_per_sec: rate(now.lines_heard, before.lines_heard),
            steps_per_sec: rate(now.moves_sent, before.moves_sent),
            steps_seen_per_sec: rate(now.moves_seen, before.moves_seen),
            pings_per_sec: rate(now.pings, before.pings),
            drops: now.drops - before.drops,
            resumes: now.resumes - before.resumes,
            sign_ins: now.sign_ins - before.sign_ins,
            chat_p50_ms: (chat.count > 0).then_some(chat.p50_ms),
            chat_p99_ms: (chat.count > 0).then_some(chat.p99_ms),
            server: self.server.as_mut().and_then(|watch| watch.look(at.as_secs_f64())),
            lab: self.lab.look(at.as_secs_f64()),
        });
        (self.last, self.counts) = (at, now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Recorder;
    use crate::measure::{Score, Timed};
    use crate::oracle::Oracles;

    #[test]
    fn a_row_tells_of_its_own_time_only() {
        let mut score = Score::new(Oracles::default());
        let mut recorder = Recorder::new(Duration::from_secs(10), None);
        score.counts.lines_heard = 10;
        score.time(Timed::Chat, Duration::from_millis(100));
        recorder.look(Duration::from_millis(100), &mut score);
        assert!(recorder.rows.is_empty());
        recorder.look(Duration::from_secs(1), &mut score);
        score.counts.lines_heard = 30;
        recorder.look(Duration::from_secs(2), &mut score);
        let heard: Vec<f64> = recorder.rows.iter().map(|row| row.lines_heard_per_sec).collect();
        assert_eq!(heard, [10.0, 20.0]);
        assert!(recorder.rows[0].chat_p99_ms.is_some() && recorder.rows[1].chat_p99_ms.is_none());
    }

    #[test]
    fn a_long_run_has_no_more_rows_than_a_plot_can_show() {
        let mut score = Score::new(Oracles::default());
        let mut recorder = Recorder::new(Duration::from_secs(36_000), None);
        for secs in 0..36_000 {
            recorder.look(Duration::from_secs(secs), &mut score);
        }
        assert!((300..=400).contains(&recorder.rows.len()), "{}", recorder.rows.len());
    }
}
