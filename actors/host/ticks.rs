//! Ticks: a fixed rate, none of them twice outstanding; slower when what they show can't be sent in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use rules::venue::Lookers;

use crate::clock::Beat;
use crate::entity::Door;
use crate::host::{Host, Hosted, Mail, Seat};

/// The world slows down when a larger share of those who kept up so far has not been sent the tick before: fewer are
/// slow clients, more is a slow server.
const LATE_SHARE: f64 = 0.25;
/// So few can't be too many for a server.
const LOOKERS_MIN: usize = 16;
/// What one late tick takes from the pace, and one in time gives back.
const SLOW_DOWN: f64 = 0.9;
const SPEED_UP: f64 = 1.02;
/// The world never gets slower than this.
const DILATION_MIN: f64 = 0.1;

/// How fast the ticks come: shared by the host, which sees whether they are too many, and the task that sends them.
#[derive(Debug)]
pub struct Pace {
    outstanding: AtomicBool,
    /// The share of the full rate that is kept, as the bits of an `f32`.
    dilation: AtomicU32,
}

/// Frees the way for the next tick when dropped: at most one is outstanding.
pub struct TickDone(Arc<Pace>);

impl Default for TickDone {
    /// Of a tick that comes from elsewhere, at that one's pace.
    fn default() -> Self {
        Self(Pace::new())
    }
}

impl Drop for TickDone {
    fn drop(&mut self) {
        self.0.outstanding.store(false, Ordering::Release);
    }
}

impl Pace {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { outstanding: AtomicBool::new(false), dilation: AtomicU32::new(1_f32.to_bits()) })
    }

    /// 1 at full rate; to two places, as it is published.
    pub fn dilation(&self) -> f64 {
        (f64::from(f32::from_bits(self.dilation.load(Ordering::Relaxed))) * 100.0).round() / 100.0
    }

    /// Learns from a tick how many of those who look still wait for the one before.
    fn learn(&self, lookers: usize, late: usize) {
        let was = f64::from(f32::from_bits(self.dilation.load(Ordering::Relaxed)));
        let is_late = lookers >= LOOKERS_MIN && late as f64 > lookers as f64 * LATE_SHARE;
        let factor = if is_late { SLOW_DOWN } else { SPEED_UP };
        let now = (was * factor).clamp(DILATION_MIN, 1.0);
        self.dilation.store((now as f32).to_bits(), Ordering::Relaxed);
    }
}

impl<V: Hosted> Host<V> {
    /// Who looks at the world at this tick, and how; what waits to be sent sets the pace.
    pub(super) fn lookers(&self) -> Lookers {
        let (mut each, mut keep_up, mut late) = (Vec::with_capacity(self.seats.len()), 0, 0);
        for (who, Seat { outbox, .. }) in self.seats.iter().filter(|(_, seat)| seat.until.is_none()) {
            let (looking, is_late) = outbox.look();
            keep_up += usize::from(is_late.is_some());
            late += usize::from(is_late == Some(true));
            each.extend(looking.map(|looking| (*who, looking)));
        }
        self.pace.learn(keep_up, late);
        Lookers { each, dilation: self.pace.dilation() }
    }
}

/// Ticks come as messages from a task of their own, from their intended times: missed ones are skipped, one at most is
/// outstanding.
pub(super) fn spawn_ticks<V: Hosted>(door: &Door<Host<V>>, every: Duration, pace: Arc<Pace>) {
    let door = door.downgrade();
    actix_rt::spawn(async move {
        let mut beat = Beat::new();
        loop {
            beat.next(every.div_f64(pace.dilation())).await;
            let Some(door) = door.upgrade() else { return };
            if pace.outstanding.swap(true, Ordering::AcqRel) {
                continue;
            }
            // A full mailbox drops the token, and with it this tick.
            if door.post(Mail::Tick(TickDone(pace.clone()))).is_err() && !door.is_open() {
                return;
            }
        }
    });
}
