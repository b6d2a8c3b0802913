//! How connections hear that something waits for them. Each connection of a worker has a bell; what is rung is a list, and
//! the worker is woken once for all of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// So many connections are enough for their worker to begin with.
const MANY: usize = 512;

/// The bells of one worker.
#[derive(Debug, Default)]
pub struct Bells(Mutex<Rung>);

#[derive(Debug, Default)]
struct Rung {
    /// Numbers of bells. A connection that was rung is not rung again until it has looked, but for the end of its link, so
    /// there are at most a few times as many as connections.
    numbers: Vec<u32>,
    worker: Option<Waker>,
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
        drop(rung);
        if let Some(worker) = worker {
            worker.wake();
        }
    }

    // A panic while the lock is held can only come from a failed allocation; the list itself is whole.
    fn lock(&self) -> MutexGuard<'_, Rung> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
