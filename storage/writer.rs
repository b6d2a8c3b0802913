//! Group commit: many writes, one transaction, one sync, and only then the answers.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::Connection;

use crate::StoreError;
use crate::health::Health;
use crate::job::Job;

/// The most writes that share a transaction.
pub(crate) const GROUP_MAX: usize = 256;

/// The one connection that writes.
pub(crate) struct Writer {
    database: Connection,
    health: Arc<Health>,
    /// What `PRAGMA synchronous` stands at: FULL or not.
    synced: bool,
    /// A simulation writes thousands of times to a disk that nobody keeps.
    never_sync: bool,
}

impl Writer {
    pub(crate) fn new(database: Connection, health: Arc<Health>) -> Self {
        Self { database, health, synced: true, never_sync: false }
    }

    /// For simulations: nothing is synced.
    pub(crate) fn simulated(database: Connection, health: Arc<Health>) -> Result<Self, StoreError> {
        database.pragma_update(None, "synchronous", "OFF")?;
        Ok(Self { never_sync: true, ..Self::new(database, health) })
    }

    /// Commits the group and answers every job of it, in order.
    pub(crate) fn commit(&mut self, mut group: Vec<Box<dyn Job>>) {
        let fate = self.transact(&mut group);
        for job in group {
            job.answer(fate.clone());
        }
    }

    /// Empties the log into the database file. A store that has failed leaves it to the recovery of the next start.
    pub(crate) fn checkpoint(&self) {
        if self.health.failed() {
            return;
        }
        let done = self.database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = done {
            log::warn!("the write-ahead log could not be emptied, the next start will: {error}");
        }
    }

    /// # Errors
    /// What became of the whole group; the errors of single jobs stay with them.
    fn transact(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        self.health.check_failure()?;
        match self.begin(group.iter().any(|job| job.synced())) {
            Ok(()) => {}
            // Another process writes: nothing has happened yet.
            Err(StoreError::Busy) => return Err(StoreError::Busy),
            Err(error) => return self.give_up(&error),
        }
        match group.iter_mut().try_for_each(|job| self.step(job.as_mut())).and_then(|()| self.finish()) {
            Ok(()) => {
                self.health.count_commit(group.len());
                Ok(())
            }
            Err(error) => self.give_up(&error),
        }
    }

    fn give_up(&self, error: &StoreError) -> Result<(), StoreError> {
        if !self.database.is_autocommit() {
            // Whether it works or not: this connection writes no more.
            let _ = self.database.execute_batch("ROLLBACK");
        }
        let why = match error {
            StoreError::Failed(why) | StoreError::Corrupt(why) => why.clone(),
            error => error.to_string(),
        };
        self.health.fail(&why);
        self.health.check_failure()
    }

    fn begin(&mut self, synced: bool) -> Result<(), StoreError> {
        if !self.never_sync && synced != self.synced {
            self.database.pragma_update(None, "synchronous", if synced { "FULL" } else { "NORMAL" })?;
            self.synced = synced;
        }
        self.run("BEGIN IMMEDIATE")
    }

    /// One job, in a savepoint of its own: its error undoes itself alone.
    ///
    /// # Errors
    /// Those that leave the whole transaction in doubt.
    fn step(&self, job: &mut dyn Job) -> Result<(), StoreError> {
        self.run("SAVEPOINT step")?;
        match job.run(&self.database) {
            Ok(()) => {}
            Err(error @ (StoreError::Failed(_) | StoreError::Corrupt(_))) => return Err(error),
            Err(error) if self.database.is_autocommit() => return Err(error),
            Err(_) => self.run("ROLLBACK TO step")?,
        }
        self.run("RELEASE step")
    }

    fn finish(&self) -> Result<(), StoreError> {
        if self.health.fail_next_commit.swap(false, Ordering::Relaxed) {
            return Err(StoreError::Failed("made to fail".to_owned()));
        }
        self.run("COMMIT")
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.database.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
