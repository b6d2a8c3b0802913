//! The door to the database: what every other part of the server holds.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use crate::health::{Health, Stats};
use crate::inline::Inline;
use crate::job::job;
use crate::lock::InstanceLock;
use crate::threads::Threads;
use crate::{Pending, Read, StoreError, Write, backup, open};

/// Who does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// Threads of the store's own: the server, the command line.
    Thread,
    /// The caller, at once. Answers arrive after a delay of 0 to `delay_ms_max` from the seed, those of writes in the
    /// order they were asked (in the same millisecond at worst). Nothing is synced. With 0 no runtime is needed.
    Inline { seed: u64, delay_ms_max: u64 },
}

/// How to open a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// The database file; made, with its directory, if there is none.
    pub path: PathBuf,
    /// Threads and connections that read; at least one.
    pub readers: usize,
    pub driver: Driver,
    /// A server: the only one on this database, checks it first. `false`: a command beside a running server.
    pub exclusive: bool,
}

impl Options {
    /// What a server uses: threads, four readers, exclusive.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), readers: 4, driver: Driver::Thread, exclusive: true }
    }
}

/// The database. Cheap to clone; the last one to go closes it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    lanes: Lanes,
    health: Arc<Health>,
    lock: Mutex<Option<InstanceLock>>,
}

enum Lanes {
    Threads(Threads),
    Inline(Box<Inline>),
}

impl Store {
    /// Opens the database, makes it (0600) if it is missing, and brings it to the latest schema.
    ///
    /// # Errors
    /// [`StoreError::AlreadyRunning`], [`StoreError::Corrupt`], [`StoreError::TooNew`], [`StoreError::File`]: each
    /// one sentence for whoever started the program.
    pub fn open(options: Options) -> Result<Self, StoreError> {
        let Options { path, readers, driver, exclusive } = options;
        open::make_directory(&path)?;
        let lock = exclusive.then(|| InstanceLock::take(&path)).transpose()?;
        let database = open::prepare(&path, exclusive)?;
        let health = Arc::new(Health::default());
        let lanes = match driver {
            Driver::Thread => {
                Lanes::Threads(Threads::start(path.clone(), database, readers, health.clone())?)
            }
            Driver::Inline { seed, delay_ms_max } => {
                Lanes::Inline(Box::new(Inline::new(&path, database, seed, delay_ms_max, health.clone())?))
            }
        };
        Ok(Self { inner: Arc::new(Inner { path, lanes, health, lock: Mutex::new(lock) }) })
    }

    /// Asks for a change. The answer comes when it is on the disk; [`StoreError::Busy`] at once when the queue is full.
    /// Writes happen in the order they were asked.
    pub fn write<T: Send + 'static>(&self, write: Write<T>) -> Pending<T> {
        let (job, answer) = job(write.step, write.synced, write.lineage);
        if let Err(error) = self.inner.health.check() {
            job.answer(Err(error));
            return Pending::new(answer);
        }
        match &self.inner.lanes {
            Lanes::Threads(threads) => threads.write(job),
            Lanes::Inline(inline) => return Pending::new(answer).not_before(inline.write(job)),
        }
        Pending::new(answer)
    }

    /// Asks a question. Sees every write that was answered before; [`StoreError::Busy`] at once when the queue is full.
    pub fn read<T: Send + 'static>(&self, read: Read<T>) -> Pending<T> {
        let (job, answer) = job(read.step, false, None);
        match &self.inner.lanes {
            Lanes::Threads(threads) => threads.read(job),
            Lanes::Inline(inline) => return Pending::new(answer).not_before(inline.read(job)),
        }
        Pending::new(answer)
    }

    /// False after a failed COMMIT: every write answers [`StoreError::Failed`] until a restart; reads go on.
    pub fn healthy(&self) -> bool {
        !self.inner.health.failed()
    }

    pub fn stats(&self) -> Stats {
        self.inner.health.stats()
    }

    /// Finishes what is queued, empties the write-ahead log into the database and lets go of it. Blocks; later writes
    /// and reads answer [`StoreError::Closed`].
    pub fn close(&self) {
        self.inner.close();
    }

    /// Copies the database, as of one moment and while it is in use, to a new file that appears whole or not at all.
    /// On a thread of its own (with the inline driver at once).
    pub fn backup(&self, to: &Path) -> Pending<()> {
        let (from, to) = (self.inner.path.clone(), to.to_owned());
        let (asker, answer) = tokio::sync::oneshot::channel();
        let work = move || drop(asker.send(backup::copy(&from, &to)));
        match self.inner.lanes {
            // A thread that can't be started drops the asker, which answers.
            Lanes::Threads(_) => drop(std::thread::Builder::new().name("store-backup".into()).spawn(work)),
            Lanes::Inline(_) => work(),
        }
        Pending::new(answer)
    }

    /// Makes the next commit fail as on a broken disk: for tests of what depends on the store.
    pub fn fail_next_commit(&self) {
        self.inner.health.fail_next_commit.store(true, Ordering::Relaxed);
    }
}

impl Inner {
    fn close(&self) {
        self.health.closed.store(true, Ordering::Release);
        match &self.lanes {
            Lanes::Threads(threads) => threads.stop(),
            Lanes::Inline(inline) => inline.stop(),
        }
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}
