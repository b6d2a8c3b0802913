//! The store as it runs in a server: one thread that writes, a few that read, and a bounded queue before each.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use r2d2::Pool;
use rusqlite::Connection;

use crate::StoreError;
use crate::error::about;
use crate::health::Health;
use crate::job::Job;
use crate::readers::{Readers, ask, pool};
use crate::writer::{GROUP_MAX, Writer};

/// Writes and reads that may wait; the next one is answered [`StoreError::Busy`].
pub(crate) const QUEUE_MAX: usize = 1024;

enum Order {
    Do(Box<dyn Job>),
    Stop,
}

pub(crate) struct Threads {
    writes: SyncSender<Order>,
    reads: SyncSender<Order>,
    readers: usize,
    running: Mutex<Vec<JoinHandle<()>>>,
    health: Arc<Health>,
}

impl Threads {
    pub(crate) fn start(
        path: PathBuf,
        database: Connection,
        readers: usize,
        health: Arc<Health>,
    ) -> Result<Self, StoreError> {
        let readers = readers.max(1);
        let pool = pool(path.clone(), readers)?;
        let (writes, to_write) = sync_channel(QUEUE_MAX);
        let (reads, to_read) = sync_channel(QUEUE_MAX);
        let to_read = Arc::new(Mutex::new(to_read));
        let mut running = Vec::with_capacity(1 + readers);
        let writer = Writer::new(database, health.clone());
        let writing = health.clone();
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            Builder::new().name(name.to_owned()).spawn(work).map_err(about(&path))
        };
        running.push(spawn("store-write", Box::new(move || write_all(writer, &to_write, &writing)))?);
        for _ in 0..readers {
            let (pool, to_read, reading) = (pool.clone(), to_read.clone(), health.clone());
            running.push(spawn("store-read", Box::new(move || read_all(&pool, &to_read, &reading)))?);
        }
        Ok(Self { writes, reads, readers, running: Mutex::new(running), health })
    }

    pub(crate) fn write(&self, job: Box<dyn Job>) {
        submit(&self.writes, &self.health.write_queue, job);
    }

    pub(crate) fn read(&self, job: Box<dyn Job>) {
        submit(&self.reads, &self.health.read_queue, job);
    }

    /// Lets the threads finish what is queued, and waits for them.
    pub(crate) fn stop(&self) {
        // Blocks while a queue is full, which its thread is emptying. A thread that is gone needs no order.
        let _ = self.writes.send(Order::Stop);
        for _ in 0..self.readers {
            let _ = self.reads.send(Order::Stop);
        }
        let running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in running {
            if thread.join().is_err() {
                log::error!("a thread of the store panicked");
            }
        }
    }
}

fn submit(queue: &SyncSender<Order>, depth: &AtomicUsize, job: Box<dyn Job>) {
    depth.fetch_add(1, Ordering::Relaxed);
    let refused = match queue.try_send(Order::Do(job)) {
        Ok(()) => return,
        Err(TrySendError::Full(order)) => (order, StoreError::Busy),
        Err(TrySendError::Disconnected(order)) => (order, StoreError::Closed),
    };
    depth.fetch_sub(1, Ordering::Relaxed);
    if let (Order::Do(job), error) = refused {
        job.answer(Err(error));
    }
}

/// Takes what queued up during the previous commit, and commits it; no timer collects more.
fn write_all(mut writer: Writer, queue: &Receiver<Order>, health: &Health) {
    let mut stopping = false;
    while !stopping {
        let Ok(first) = queue.recv() else { break };
        let mut group = Vec::new();
        for order in std::iter::once(first).chain(queue.try_iter()) {
            match order {
                Order::Do(job) => group.push(job),
                Order::Stop => stopping = true,
            }
            if group.len() == GROUP_MAX {
                break;
            }
        }
        health.write_queue.fetch_sub(group.len(), Ordering::Relaxed);
        if !group.is_empty() {
            writer.commit(group);
        }
    }
    writer.checkpoint();
}

fn read_all(pool: &Pool<Readers>, queue: &Mutex<Receiver<Order>>, health: &Health) {
    loop {
        // One reader waits in `recv`, the others for the lock: the same queue either way.
        let order = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Order::Do(job)) = order else { return };
        health.read_queue.fetch_sub(1, Ordering::Relaxed);
        health.count_read();
        match pool.get() {
            Ok(database) => ask(&database, job),
            Err(error) => job.answer(Err(StoreError::File(error.to_string()))),
        }
    }
}
