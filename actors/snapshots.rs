//! Answers about the whole world that are the same for everybody: however many ask, the database is read once in a moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::world::{CrystalShard, WorldEvent, WorldState};
use tokio::sync::Mutex;

use crate::clock::Clock;

/// How old an answer may be that is given once more. What is known to have changed is read anew before.
const FRESH_MS: u64 = 250;

/// The last answers about the world.
#[derive(Default)]
pub struct Snapshots {
    /// Changes with what is told of the world.
    generation: AtomicU64,
    pub state: Snapshot<WorldState>,
    /// In order of id.
    pub shards: Snapshot<Vec<CrystalShard>>,
    /// The newest first, as many as anybody may ask for.
    pub events: Snapshot<Vec<WorldEvent>>,
}

impl Snapshots {
    /// Who asks from now on gets what is on the disk now.
    pub fn outdate(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }

    pub fn generation(&self) -> &AtomicU64 {
        &self.generation
    }
}

/// The last answer to one question.
pub struct Snapshot<T>(Mutex<Option<Taken<T>>>);

struct Taken<T> {
    generation: u64,
    at_ms: u64,
    answer: Arc<T>,
}

impl<T> Default for Snapshot<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Snapshot<T> {
    /// What was read a moment ago, or what `read` finds now: whoever asks meanwhile waits for the same answer.
    ///
    /// # Errors
    /// Those of `read`. They are not kept: the next one reads.
    pub async fn get<E>(
        &self,
        generation: &AtomicU64,
        clock: Clock,
        read: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        let mut last = self.0.lock().await;
        // Before the read: what changes during it outdates its answer.
        let generation = generation.load(Ordering::Acquire);
        let at_ms = clock.mono_ms();
        if let Some(taken) = &*last
            && taken.generation == generation
            && at_ms.saturating_sub(taken.at_ms) < FRESH_MS
        {
            return Ok(taken.answer.clone());
        }
        let answer = Arc::new(read.await?);
        *last = Some(Taken { generation, at_ms, answer: answer.clone() });
        Ok(answer)
    }
}
