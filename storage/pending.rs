//! An answer of the store that is still to come.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot::Receiver;
use tokio::time::Sleep;

use crate::StoreError;

/// The answer of a write (when it is on the disk) or of a read. Dropping it does not take back what was asked.
#[must_use = "a write that nobody waits for may have failed"]
pub struct Pending<T> {
    answer: Receiver<Result<T, StoreError>>,
    /// With the inline driver: when the answer may arrive.
    due: Option<Pin<Box<Sleep>>>,
}

impl<T> Pending<T> {
    pub(crate) fn new(answer: Receiver<Result<T, StoreError>>) -> Self {
        Self { answer, due: None }
    }

    /// An answer that is there: for what has nothing on disk.
    pub fn ready(value: T) -> Self {
        let (asker, answer) = tokio::sync::oneshot::channel();
        // The receiver is right here.
        let _ = asker.send(Ok(value));
        Self::new(answer)
    }

    pub(crate) fn not_before(self, due: Option<Sleep>) -> Self {
        Self { due: due.map(Box::pin), ..self }
    }

    /// Blocks until the answer is there, whatever its delay: for the command line, never inside async code.
    ///
    /// # Errors
    /// What the step ended with.
    ///
    /// # Panics
    /// Inside an async runtime.
    pub fn wait(self) -> Result<T, StoreError> {
        self.answer.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(due) = &mut self.due {
            ready!(due.as_mut().poll(context));
            self.due = None;
        }
        // Dropped unanswered only by a store that closes.
        Pin::new(&mut self.answer).poll(context).map(|answer| answer.unwrap_or(Err(StoreError::Closed)))
    }
}
