//! The store in a simulation: everything happens at once in the caller, and the answers arrive when the dice say.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng, SeedableRng};
use rusqlite::Connection;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::StoreError;
use crate::health::Health;
use crate::job::Job;
use crate::open;
use crate::readers::ask;
use crate::writer::Writer;

pub(crate) struct Inline {
    /// `None` once it is closed.
    desk: Mutex<Option<Desk>>,
    delay_ms_max: u64,
    health: Arc<Health>,
}

struct Desk {
    writer: Writer,
    reader: Connection,
    dice: Pcg64Mcg,
    /// When the last write's answer arrives: none of a later write does so before.
    last_due: Option<Instant>,
}

impl Inline {
    pub(crate) fn new(
        path: &Path,
        database: Connection,
        seed: u64,
        delay_ms_max: u64,
        health: Arc<Health>,
    ) -> Result<Self, StoreError> {
        let desk = Desk {
            writer: Writer::simulated(database, health.clone())?,
            reader: open::reader(path)?,
            dice: Pcg64Mcg::seed_from_u64(seed),
            last_due: None,
        };
        Ok(Self { desk: Mutex::new(Some(desk)), delay_ms_max, health })
    }

    /// When the answer may arrive; `None`: now.
    pub(crate) fn write(&self, job: Box<dyn Job>) -> Option<Sleep> {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(desk) = desk.as_mut() else {
            job.answer(Err(StoreError::Closed));
            return None;
        };
        desk.writer.commit(vec![job]);
        let due = desk.delay(self.delay_ms_max)?.deadline();
        let due = desk.last_due.map_or(due, |last| last.max(due));
        desk.last_due = Some(due);
        Some(sleep_until(due))
    }

    pub(crate) fn read(&self, job: Box<dyn Job>) -> Option<Sleep> {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(desk) = desk.as_mut() else {
            job.answer(Err(StoreError::Closed));
            return None;
        };
        self.health.count_read();
        ask(&desk.reader, job);
        desk.delay(self.delay_ms_max)
    }

    pub(crate) fn stop(&self) {
        if let Some(desk) = self.desk.lock().unwrap_or_else(PoisonError::into_inner).take() {
            drop(desk.reader);
            desk.writer.checkpoint();
        }
    }
}

impl Desk {
    fn delay(&mut self, ms_max: u64) -> Option<Sleep> {
        (ms_max > 0).then(|| sleep(Duration::from_millis(self.dice.next_u64() % (ms_max + 1))))
    }
}
