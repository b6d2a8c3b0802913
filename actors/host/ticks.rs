//! Ticks: a fixed rate, none of them twice outstanding.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::entity::Door;
use crate::host::{Host, Hosted, Mail};

/// Frees the way for the next tick when dropped: at most one is outstanding.
pub struct TickDone(pub(super) Arc<AtomicBool>);

impl Drop for TickDone {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Ticks come as messages from a task of their own: missed ones are skipped, one at most is outstanding.
pub(super) fn spawn_ticks<V: Hosted>(door: &Door<Host<V>>, every: Duration) {
    let door = door.downgrade();
    let outstanding = Arc::new(AtomicBool::new(false));
    actix_rt::spawn(async move {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            let Some(door) = door.upgrade() else { return };
            if outstanding.swap(true, Ordering::AcqRel) {
                continue;
            }
            // A full mailbox drops the token, and with it this tick.
            if door.post(Mail::Tick(TickDone(outstanding.clone()))).is_err() && !door.is_open() {
                return;
            }
        }
    });
}
