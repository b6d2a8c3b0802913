//! Writes of which each builds on those before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{StoreError, Write};

/// For whoever goes on from what it wrote before that is on the disk: once a write has failed, those after it don't happen
/// ([`StoreError::Forgone`]), because what they change never was. Whoever begins anew from the disk takes a new one.
#[derive(Debug, Clone, Default)]
pub struct Lineage {
    broken: Arc<AtomicBool>,
}

impl Lineage {
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.broken.load(Ordering::Acquire) { Err(StoreError::Forgone) } else { Ok(()) }
    }

    /// Called by whatever runs the writes, before any that comes later.
    pub(crate) fn note<T>(&self, ended: &Result<T, StoreError>) {
        if ended.is_err() {
            self.broken.store(true, Ordering::Release);
        }
    }
}

impl<T> Write<T> {
    /// This write comes after those of the lineage.
    pub fn following(self, lineage: &Lineage) -> Self {
        Self { lineage: Some(lineage.clone()), ..self }
    }
}
