//! A rate for each of many keys, with a bound on how many keys are remembered.

use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use protocol::{ErrorCode, ErrorMessage};

/// Shared by all workers.
pub struct Limiter<K: Hash + Eq + Clone> {
    keyed: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
    keys_max: usize,
    checks: AtomicUsize,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    pub fn new(quota: Quota, keys_max: usize) -> Self {
        Self {
            keyed: RateLimiter::keyed(quota),
            clock: DefaultClock::default(),
            keys_max,
            checks: AtomicUsize::new(0),
        }
    }

    /// # Errors
    /// The time after which `key` may try again.
    pub fn check(&self, key: &K) -> Result<(), Duration> {
        self.forget();
        if self.keyed.len() >= self.keys_max {
            // Full of keys that are all in use: an attack with very many addresses.
            return Err(Duration::from_secs(1));
        }
        self.keyed.check_key(key).map_err(|until| until.wait_time_from(self.clock.now()))
    }

    /// Each check adds one key at most, so this is often enough, and rare enough to cost nothing.
    fn forget(&self) {
        let check = self.checks.fetch_add(1, Ordering::Relaxed);
        if check.is_multiple_of((self.keys_max / 2).max(1)) {
            self.keyed.retain_recent();
            self.keyed.shrink_to_fit();
        }
    }
}

/// What somebody is told who is too fast.
pub fn too_fast(wait: Duration) -> ErrorMessage {
    let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
    ErrorMessage::new(ErrorCode::RateLimited, format!("too many requests; try again in {wait_ms} ms"))
        .with("retry_after_ms", wait_ms)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use governor::Quota;

    use super::Limiter;

    fn one_an_hour() -> Quota {
        Quota::per_hour(NonZeroU32::new(1).unwrap())
    }

    #[test]
    fn a_key_that_spent_its_burst_is_told_when_to_return_and_disturbs_nobody() {
        let limiter = Limiter::new(one_an_hour(), 1000);
        assert_eq!(limiter.check(&1), Ok(()));
        let wait = limiter.check(&1).unwrap_err();
        assert!(wait > Duration::from_secs(3000) && wait <= Duration::from_secs(3600), "{wait:?}");
        assert_eq!(limiter.check(&2), Ok(()));
    }

    #[test]
    fn the_number_of_keys_is_bounded() {
        let limiter = Limiter::new(one_an_hour(), 100);
        let passed = (0..10_000).filter(|key| limiter.check(key).is_ok()).count();
        assert_eq!(passed, 100);
        assert_eq!(limiter.keyed.len(), 100);
    }

    #[test]
    fn keys_that_are_fresh_again_are_forgotten() {
        let limiter = Limiter::new(Quota::with_period(Duration::from_nanos(1)).unwrap(), 100);
        assert!((0..10_000).all(|key| limiter.check(&key).is_ok()));
        assert!(limiter.keyed.len() <= 100);
    }
}
