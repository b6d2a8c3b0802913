//! Messages that can wait a moment, for others like them: steps in the world, which are looked at once a tick anyway.
//!
//! A step that comes alone costs little but the waking of its session's arbiter, and thousands of players step at all times. So
//! their steps are gathered, and the arbiter posts them to its sessions itself, in the order in which they came.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::session::Mail;
use crate::session::inlet::Slot;
use crate::world::World;

/// How long a step may wait: short beside a tick.
const PATIENCE: Duration = Duration::from_millis(3);
/// So many wait at most; the next one takes all with it.
const WAITING_MAX: usize = 1024;

/// What waits for one arbiter.
pub(crate) struct Waiting<T = (Slot, Mail)> {
    gathered: Mutex<Vec<T>>,
    /// Held while something is posted: what comes next must not overtake it.
    posting: Mutex<()>,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { gathered: Mutex::default(), posting: Mutex::default() }
    }
}

impl<T> Waiting<T> {
    /// Adds one. Returns how many there are.
    fn add(&self, one: T) -> usize {
        let mut gathered = lock(&self.gathered);
        gathered.push(one);
        gathered.len()
    }

    /// Posts all there is. Afterwards everything that was added before is posted, also what another thread took.
    fn post_all(&self, post: impl FnMut(T)) {
        let _posting = lock(&self.posting);
        let gathered = std::mem::take(&mut *lock(&self.gathered));
        gathered.into_iter().for_each(post);
    }
}

// A panic while a lock is held leaves nothing half done: the list is taken before any of it is posted.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// Posts it soon, on the arbiter of its session, whose number this is.
    pub(super) fn post_soon(&self, arbiter: usize, slot: Slot, mail: Mail) {
        match self.waiting(arbiter).add((slot, mail)) {
            1 => {
                let world = self.clone();
                self.arbiter(arbiter).spawn(async move {
                    tokio::time::sleep(PATIENCE).await;
                    world.post_waiting(arbiter);
                });
            }
            WAITING_MAX.. => self.post_waiting(arbiter),
            _ => {}
        }
    }

    /// Posts what waits for an arbiter now.
    pub(super) fn post_waiting(&self, arbiter: usize) {
        self.waiting(arbiter).post_all(|(mut slot, mail)| {
            // Whoever sent what could not be delivered was told.
            let _ = slot.post(mail, None);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::Waiting;

    #[test]
    fn what_comes_next_does_not_overtake_what_another_thread_posts() {
        let (waiting, posted) = (Waiting::default(), Mutex::new(Vec::new()));
        for step in [1, 2] {
            waiting.add(step);
        }
        let ((is_posting, posting), (is_past, past)) = (channel(), channel());
        thread::scope(|threads| {
            let (waiting, posted) = (&waiting, &posted);
            threads.spawn(move || {
                waiting.post_all(|step| {
                    if step == 2 {
                        is_posting.send(()).unwrap();
                        // Nobody gets past: this is how long it is looked for somebody who does.
                        let _ = past.recv_timeout(Duration::from_millis(200));
                    }
                    posted.lock().unwrap().push(step);
                });
            });
            posting.recv().unwrap();
            waiting.post_all(|step| posted.lock().unwrap().push(step));
            posted.lock().unwrap().push(3);
            // Who has waited long enough has gone.
            let _ = is_past.send(());
        });
        assert_eq!(*posted.lock().unwrap(), [1, 2, 3]);
    }
}
