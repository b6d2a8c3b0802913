//! What a feature module wants done to the database, before anybody does it.

use rusqlite::Connection;

use crate::{Lineage, StoreError};

pub(crate) type Step<T> = Box<dyn FnOnce(&Connection) -> Result<T, StoreError> + Send>;

/// A change: happens wholly or not at all, in one transaction. Made by the feature modules, run by
/// [`Store::write`](crate::Store::write).
#[must_use = "nothing is written until the store gets it"]
pub struct Write<T> {
    pub(crate) step: Step<T>,
    pub(crate) synced: bool,
    pub(crate) lineage: Option<Lineage>,
}

/// A question: sees the database at one moment. Made by the feature modules, run by
/// [`Store::read`](crate::Store::read).
#[must_use = "nothing is read until the store gets it"]
pub struct Read<T> {
    pub(crate) step: Step<T>,
}

impl<T: 'static> Write<T> {
    pub(crate) fn new(step: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static) -> Self {
        Self { step: Box::new(step), synced: true, lineage: None }
    }

    /// Both, in one transaction: `self` first, whose answer it keeps.
    pub fn with(self, also: Write<()>) -> Self {
        let synced = self.synced || also.synced;
        let step = Box::new(|database: &Connection| {
            let answer = (self.step)(database)?;
            (also.step)(database)?;
            Ok(answer)
        });
        Self { step, synced, lineage: self.lineage }
    }

    /// The same, with its answer left out.
    pub fn quiet(self) -> Write<()> {
        let step = Box::new(|database: &Connection| (self.step)(database).map(drop));
        Write { step, synced: self.synced, lineage: self.lineage }
    }

    /// For what nobody was promised, such as positions on the way: may be answered before it is synced, so that a
    /// power cut can lose it (the death of the process can't).
    pub fn unsynced(self) -> Self {
        Self { synced: false, ..self }
    }
}

impl Write<()> {
    /// All of them in this order, in one transaction: the first error undoes them all.
    pub fn all(writes: Vec<Self>) -> Self {
        let synced = writes.iter().any(|write| write.synced);
        let step =
            Box::new(|database: &Connection| writes.into_iter().try_for_each(|write| (write.step)(database)));
        Self { step, synced, lineage: None }
    }
}

impl<T: 'static> Read<T> {
    pub(crate) fn new(step: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static) -> Self {
        Self { step: Box::new(step) }
    }
}
