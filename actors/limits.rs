//! How often somebody may do something: governor's token buckets on the world's clock.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as GovernorClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::clock::Clock;
use crate::options::Rate;

/// More keys than this at once and the limiter forgets who was quiet, then refuses newcomers.
const KEYS_MAX: usize = 100_000;

impl GovernorClock for Clock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(Duration::from_millis(self.mono_ms()))
    }
}

/// How long to wait before the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    pub retry_after_ms: u64,
}

impl Wait {
    fn until(possible: Nanos, now: Nanos) -> Self {
        let wait = Duration::from(possible.duration_since(now));
        Self { retry_after_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1) }
    }
}

fn quota(rate: Rate) -> Quota {
    let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
    let period = Duration::from_millis(rate.every_ms.max(1));
    Quota::with_period(period).unwrap_or_else(|| Quota::per_second(burst)).allow_burst(burst)
}

/// One bucket, for one session.
pub struct Bucket {
    limiter: RateLimiter<NotKeyed, InMemoryState, Clock, NoOpMiddleware<Nanos>>,
    clock: Clock,
}

impl Bucket {
    pub fn new(rate: Rate, clock: Clock) -> Self {
        Self { limiter: RateLimiter::direct_with_clock(quota(rate), clock), clock }
    }

    /// Takes one.
    ///
    /// # Errors
    /// [`Wait`] when there is none; nothing is taken.
    pub fn take(&self) -> Result<(), Wait> {
        self.limiter
            .check()
            .map_err(|not_until| Wait::until(not_until.earliest_possible(), GovernorClock::now(&self.clock)))
    }

    /// Takes several; more than the burst counts as the burst.
    ///
    /// # Errors
    /// [`Wait`] when there are not that many; nothing is taken.
    pub fn take_many(&self, many: u32, burst: u32) -> Result<(), Wait> {
        let many = NonZeroU32::new(many.clamp(1, burst.max(1))).unwrap_or(NonZeroU32::MIN);
        match self.limiter.check_n(many) {
            Ok(Ok(())) | Err(_) => Ok(()),
            Ok(Err(not_until)) => {
                Err(Wait::until(not_until.earliest_possible(), GovernorClock::now(&self.clock)))
            }
        }
    }
}

/// A bucket for each key; bounded in keys.
pub struct Buckets<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, DashMapStateStore<K>, Clock, NoOpMiddleware<Nanos>>,
    clock: Clock,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    pub fn new(rate: Rate, clock: Clock) -> Self {
        Self { limiter: RateLimiter::dashmap_with_clock(quota(rate), clock), clock }
    }

    /// Takes one from the bucket of `key`.
    ///
    /// # Errors
    /// [`Wait`] when there is none; nothing is taken.
    pub fn take(&self, key: &K) -> Result<(), Wait> {
        if self.limiter.len() >= KEYS_MAX {
            self.forget_quiet();
            if self.limiter.len() >= KEYS_MAX {
                return Err(Wait { retry_after_ms: 1_000 });
            }
        }
        self.limiter
            .check_key(key)
            .map_err(|not_until| Wait::until(not_until.earliest_possible(), GovernorClock::now(&self.clock)))
    }

    /// Forgets the keys whose buckets are full again. To be called now and then.
    pub fn forget_quiet(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Bucket, Buckets};
    use crate::clock::Clock;
    use crate::options::Rate;

    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_one_at_a_time() {
        let bucket = Bucket::new(Rate::new(3, 1_000), Clock::system());
        for _ in 0..3 {
            assert!(bucket.take().is_ok());
        }
        let wait = bucket.take().unwrap_err();
        assert!((900..=1_000).contains(&wait.retry_after_ms), "{wait:?}");
        tokio::time::advance(Duration::from_millis(wait.retry_after_ms)).await;
        assert!(bucket.take().is_ok());
        assert!(bucket.take().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn keys_do_not_share_and_quiet_ones_are_forgotten() {
        let buckets = Buckets::new(Rate::new(1, 1_000), Clock::system());
        assert!(buckets.take(&"one").is_ok());
        assert!(buckets.take(&"one").is_err());
        assert!(buckets.take(&"other").is_ok());
        tokio::time::advance(Duration::from_secs(5)).await;
        buckets.forget_quiet();
        assert_eq!(buckets.limiter.len(), 0);
    }
}
