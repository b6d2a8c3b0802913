//! How connections hear that something waits for them. Each connection of a worker has a bell; what is rung is a list, and
//! the worker is woken once for all of it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// So many connections are enough for their worker to begin with.
const MANY: usize = 512;

/// The bells of one worker.
#[derive(Debug, Default)]
pub struct Bells {
    rung: Mutex<Rung>,
    /// Tells a worker that rests.
    one_rang: Condvar,
}

#[derive(Debug, Default)]
struct Rung {
    /// Numbers of bells. A connection that was rung is not rung again until it has looked, but for the end of its link, so
    /// there are at most a few times as many as connections.
    numbers: Vec<u32>,
    worker: Option<Waker>,
    is_resting: bool,
}

impl Bells {
    /// Hands over the numbers of all bells that were rung since the last time; `into` is empty before.
    pub fn poll_rung(&self, cx: &mut Context, into: &mut Vec<u32>) -> Poll<()> {
        let mut rung = self.lock();
        if rung.numbers.is_empty() {
            rung.worker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        std::mem::swap(&mut rung.numbers, into);
        Poll::Ready(())
    }

    fn ring(&self, numbers: impl IntoIterator<Item = u32>) {
        let mut rung = self.lock();
        rung.numbers.extend(numbers);
        let worker = rung.worker.take();
        let was_resting = std::mem::take(&mut rung.is_resting);
        drop(rung);
        if was_resting {
            self.one_rang.notify_one();
        }
        if let Some(worker) = worker {
            worker.wake();
        }
    }

    /// The worker's thread rests until a bell is rung, or until so much time is over. Only its own thread may call this.
    pub fn rest(&self, time: Duration) {
        let mut rung = self.lock();
        rung.is_resting = rung.numbers.is_empty();
        let rested = self.one_rang.wait_timeout_while(rung, time, |rung| rung.is_resting);
        rested.unwrap_or_else(PoisonError::into_inner).0.is_resting = false;
    }

    // A panic while the lock is held can only come from a failed allocation; the list itself is whole.
    fn lock(&self) -> MutexGuard<'_, Rung> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's bell.
#[derive(Debug, Clone)]
pub struct Bell {
    bells: Arc<Bells>,
    number: u32,
}

impl Bell {
    pub fn new(bells: &Arc<Bells>, number: u32) -> Self {
        Self { bells: bells.clone(), number }
    }

    pub fn ring(&self) {
        self.bells.ring([self.number]);
    }
}

/// Connections that have something to look for and were not told yet. They are told when this goes, at the latest.
#[derive(Debug, Default)]
pub struct Asleep(Vec<(Arc<Bells>, Vec<u32>)>);

impl Asleep {
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, numbers)| numbers.is_empty())
    }

    fn add(&mut self, bell: &Bell) {
        match self.0.iter_mut().find(|(bells, _)| Arc::ptr_eq(bells, &bell.bells)) {
            Some((_, numbers)) => numbers.push(bell.number),
            None => self.0.push((bell.bells.clone(), vec![bell.number])),
        }
    }

    /// Tells them, if they are many: whoever has something for more may go on.
    pub fn ring_many(&mut self) {
        if self.0.iter().any(|(_, numbers)| numbers.len() >= MANY) {
            self.ring();
        }
    }

    /// Tells them all.
    pub fn ring(&mut self) {
        for (bells, numbers) in &mut self.0 {
            if !numbers.is_empty() {
                bells.ring(numbers.drain(..));
            }
        }
    }
}

impl<'b> Extend<&'b Bell> for Asleep {
    fn extend<I: IntoIterator<Item = &'b Bell>>(&mut self, bells: I) {
        bells.into_iter().for_each(|bell| self.add(bell));
    }
}

/// Whoever ends in the middle leaves nobody asleep over what he got.
impl Drop for Asleep {
    fn drop(&mut self) {
        self.ring();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::{Context, Poll, Wake, Waker};
    use std::thread;
    use std::time::Duration;

    use super::{Asleep, Bell, Bells};

    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn rung(bells: &Bells, waker: &Waker) -> Vec<u32> {
        let mut numbers = Vec::new();
        match bells.poll_rung(&mut Context::from_waker(waker), &mut numbers) {
            Poll::Ready(()) => assert!(!numbers.is_empty()),
            Poll::Pending => assert!(numbers.is_empty()),
        }
        numbers
    }

    #[test]
    fn a_rest_ends_when_a_bell_is_rung() {
        let bells = Arc::new(Bells::default());
        // Nobody rings: it ends by itself.
        bells.rest(Duration::from_millis(1));
        thread::scope(|threads| {
            let rests = threads.spawn(|| bells.rest(Duration::MAX));
            while !bells.lock().is_resting {
                thread::yield_now();
            }
            Bell::new(&bells, 7).ring();
            rests.join().unwrap();
        });
        // What was rung before is no reason to rest either.
        bells.rest(Duration::MAX);
        assert_eq!(rung(&bells, Waker::noop()), [7]);
    }

    #[test]
    fn a_worker_is_woken_once_for_all_of_its_connections() {
        let count = Arc::new(Count(0.into()));
        let waker = Waker::from(count.clone());
        let workers = [Arc::new(Bells::default()), Arc::new(Bells::default())];
        for bells in &workers {
            assert!(rung(bells, &waker).is_empty());
        }
        let mut asleep = Asleep::default();
        for number in 0..100 {
            asleep.extend([&Bell::new(&workers[number as usize % 2], number)]);
        }
        assert!(!asleep.is_empty());
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
        asleep.ring();
        assert!(asleep.is_empty());
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
        for (odd, bells) in workers.iter().enumerate() {
            let numbers = rung(bells, &waker);
            assert_eq!(numbers, (0..50).map(|number| number * 2 + odd as u32).collect::<Vec<_>>());
            assert!(rung(bells, &waker).is_empty());
        }
        asleep.ring();
        assert_eq!(count.0.load(Ordering::Relaxed), 2, "there was nothing to ring");
        Bell::new(&workers[0], 7).ring();
        assert_eq!(count.0.load(Ordering::Relaxed), 3);
        assert_eq!(rung(&workers[0], &waker), [7]);
        asleep.extend([&Bell::new(&workers[1], 8)]);
        drop(asleep);
        assert_eq!(rung(&workers[1], &waker), [8]);
    }
}
