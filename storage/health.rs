//! How the store is doing: shared by its threads and whoever asks.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::StoreError;

/// Figures since the store was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Transactions that reached the disk.
    pub commits: u64,
    /// Writes in them, failed ones included.
    pub writes: u64,
    /// The most writes in one transaction.
    pub largest_group: u64,
    pub reads: u64,
    /// Writes that wait to be taken.
    pub write_queue: usize,
    /// Reads that wait to be taken.
    pub read_queue: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Health {
    failure: OnceLock<String>,
    pub(crate) closed: AtomicBool,
    pub(crate) fail_next_commit: AtomicBool,
    pub(crate) write_queue: AtomicUsize,
    pub(crate) read_queue: AtomicUsize,
    commits: AtomicU64,
    writes: AtomicU64,
    largest_group: AtomicU64,
    reads: AtomicU64,
}

impl Health {
    /// After a failed COMMIT nobody knows what the disk holds: no more writes until a restart has recovered it.
    pub(crate) fn fail(&self, why: &str) {
        if self.failure.set(why.to_owned()).is_ok() {
            log::error!("the store is read-only from now on: {why}");
        }
    }

    pub(crate) fn failed(&self) -> bool {
        self.failure.get().is_some()
    }

    /// Whether a write can be taken at all.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        self.check_failure()
    }

    pub(crate) fn check_failure(&self) -> Result<(), StoreError> {
        match self.failure.get() {
            Some(why) => Err(StoreError::Failed(why.clone())),
            None => Ok(()),
        }
    }

    pub(crate) fn count_commit(&self, writes: usize) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.writes.fetch_add(writes as u64, Ordering::Relaxed);
        self.largest_group.fetch_max(writes as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_read(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            commits: self.commits.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            largest_group: self.largest_group.load(Ordering::Relaxed),
            reads: self.reads.load(Ordering::Relaxed),
            write_queue: self.write_queue.load(Ordering::Relaxed),
            read_queue: self.read_queue.load(Ordering::Relaxed),
        }
    }
}
