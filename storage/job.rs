//! A step on its way through a queue, whatever type it answers with.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::oneshot::{Receiver, Sender, channel};

use crate::step::Step;
use crate::{Lineage, StoreError};

/// A step with the one who waits for its answer. Running and answering are two things: an answer leaves after COMMIT.
pub(crate) trait Job: Send {
    /// Runs the step; a panic in it is an error.
    fn run(&mut self, database: &Connection) -> Result<(), StoreError>;

    /// Whether the answer has to wait for the disk.
    fn synced(&self) -> bool;

    /// Answers with what the step ended with, or with what became of the whole transaction.
    fn answer(self: Box<Self>, fate: Result<(), StoreError>);
}

struct Task<T> {
    step: Option<Step<T>>,
    synced: bool,
    lineage: Option<Lineage>,
    outcome: Result<T, StoreError>,
    asker: Sender<Result<T, StoreError>>,
}

/// What goes into a queue, and where its answer comes out.
pub(crate) fn job<T: Send + 'static>(
    step: Step<T>,
    synced: bool,
    lineage: Option<Lineage>,
) -> (Box<dyn Job>, Receiver<Result<T, StoreError>>) {
    let (asker, answer) = channel();
    (Box::new(Task { step: Some(step), synced, lineage, outcome: Err(StoreError::Closed), asker }), answer)
}

impl<T: Send> Job for Task<T> {
    fn run(&mut self, database: &Connection) -> Result<(), StoreError> {
        let step = self.step.take().expect("a job runs once");
        self.outcome = match self.lineage.as_ref().map_or(Ok(()), Lineage::check) {
            Ok(()) => catch_unwind(AssertUnwindSafe(|| step(database))).unwrap_or(Err(StoreError::Panicked)),
            Err(forgone) => Err(forgone),
        };
        if let Some(lineage) = &self.lineage {
            lineage.note(&self.outcome);
        }
        self.outcome.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn synced(&self) -> bool {
        self.synced
    }

    fn answer(self: Box<Self>, fate: Result<(), StoreError>) {
        if let Some(lineage) = &self.lineage {
            lineage.note(&fate);
        }
        // An asker who has gone away does not mind.
        let _ = self.asker.send(fate.and(self.outcome));
    }
}
