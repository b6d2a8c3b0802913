//! How often an entity panicked lately, and whether it rests.

use std::collections::VecDeque;

use crate::options::Restarts;

/// One entity's record, kept by the registry over its restarts.
#[derive(Debug, Default)]
pub struct Record {
    recent_ms: VecDeque<u64>,
    rests_until_ms: u64,
    rest_ms: u64,
    restarts: u64,
}

impl Record {
    /// Notes a panic; more than the limit within the window sends the entity to rest, twice as long each time.
    pub fn panicked(&mut self, now_ms: u64, limits: &Restarts) {
        self.restarts += 1;
        self.recent_ms.push_back(now_ms);
        while self.recent_ms.front().is_some_and(|at| now_ms.saturating_sub(*at) > limits.window_ms) {
            self.recent_ms.pop_front();
        }
        if self.recent_ms.len() > limits.panics_max {
            let rested_well = now_ms.saturating_sub(self.rests_until_ms) > limits.quarantine_max_ms;
            self.rest_ms = if self.rest_ms == 0 || rested_well {
                limits.quarantine_ms
            } else {
                (self.rest_ms * 2).min(limits.quarantine_max_ms)
            };
            self.rests_until_ms = now_ms + self.rest_ms;
            self.recent_ms.clear();
        }
    }

    /// How much longer it rests, if it does.
    pub fn rests(&self, now_ms: u64) -> Option<u64> {
        (self.rests_until_ms > now_ms).then(|| self.rests_until_ms - now_ms)
    }

    /// Whether forgetting this record forgives nothing that still counts.
    pub fn is_clean(&self, now_ms: u64, limits: &Restarts) -> bool {
        let last_ms = self.recent_ms.back().copied().unwrap_or(0).max(self.rests_until_ms);
        self.restarts == 0 || now_ms.saturating_sub(last_ms) > limits.quarantine_max_ms
    }

    pub fn restarts(&self) -> u64 {
        self.restarts
    }
}

#[cfg(test)]
mod tests {
    use super::Record;
    use crate::options::Restarts;

    #[test]
    fn the_fourth_panic_within_five_seconds_sends_it_to_rest_and_each_rest_is_longer() {
        let limits = Restarts::default();
        let mut record = Record::default();
        for at in [0, 1_000, 2_000] {
            record.panicked(at, &limits);
            assert_eq!(record.rests(at), None);
        }
        record.panicked(3_000, &limits);
        assert_eq!(record.rests(3_000), Some(60_000));
        assert_eq!(record.rests(63_000), None);
        for at in [63_000, 63_001, 63_002, 63_003] {
            record.panicked(at, &limits);
        }
        assert_eq!(record.rests(63_003), Some(120_000));
    }

    #[test]
    fn panics_far_apart_are_forgiven() {
        let mut record = Record::default();
        for at in (0..100).map(|step| step * 3_000) {
            record.panicked(at, &Restarts::default());
            assert_eq!(record.rests(at), None);
        }
        assert_eq!(record.restarts(), 100);
    }
}
