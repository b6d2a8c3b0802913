//! A step on its way through a queue, whatever type it answers with.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::oneshot::{Receiver, Sender, channel};

use crate::StoreError;
use crate::step::Step;

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
    outcome: Result<T, StoreError>,
    asker: Sender<Result<T, StoreError>>,
}

/// What goes into a queue, and where its answer comes out.
pub(crate) fn job<T: Send + 'static>(
    step: Step<T>,
    synced: bool,
) -> (Box<dyn Job>, Receiver<Result<T, StoreError>>) {
    let (asker, answer) = channel();
    (Box::new(Task { step: Some(step), synced, outcome: Err(StoreError::Closed), asker }), answer)
}

impl<T: Send> Job for Task<T> {
    fn run(&mut self, database: &Connection) -> Result<(), StoreError> {
        let step = self.step.take().expect("a job runs once");
        self.outcome = catch_unwind(AssertUnwindSafe(|| step(database))).unwrap_or(Err(StoreError::Panicked));
        self.outcome.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn synced(&self) -> bool {
        self.synced
    }

    fn answer(self: Box<Self>, fate: Result<(), StoreError>) {
        // An asker who has gone away does not mind.
        let _ = self.asker.send(fate.and(self.outcome));
    }
}
