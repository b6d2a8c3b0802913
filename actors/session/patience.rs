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
#[derive(Default)]
pub(crate) struct Waiting(Mutex<Vec<(Slot, Mail)>>);

impl Waiting {
    /// Adds one. Returns how many there are.
    fn add(&self, slot: Slot, mail: Mail) -> usize {
        let mut waiting = self.lock();
        waiting.push((slot, mail));
        waiting.len()
    }

    // A panic while the lock is held can only come from a failed allocation; the list itself is whole.
    fn lock(&self) -> MutexGuard<'_, Vec<(Slot, Mail)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// Posts it soon, on the arbiter of its session, whose number this is.
    pub(super) fn post_soon(&self, arbiter: usize, slot: Slot, mail: Mail) {
        match self.waiting(arbiter).add(slot, mail) {
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
        let waiting = std::mem::take(&mut *self.waiting(arbiter).lock());
        for (mut slot, mail) in waiting {
            // Whoever sent what could not be delivered was told.
            let _ = slot.post(mail, None);
        }
    }
}
