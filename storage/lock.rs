//! One server per database: an operating-system lock on a file beside it, which dies with the process.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::error::about;

/// Held for as long as this process owns the database. The file stays when it is released: only the lock counts.
#[derive(Debug)]
pub(crate) struct InstanceLock {
    _file: File,
}

impl InstanceLock {
    /// # Errors
    /// [`StoreError::AlreadyRunning`] while another process holds it.
    pub(crate) fn take(database: &Path) -> Result<Self, StoreError> {
        let path = beside(database, ".lock");
        let mut options = OpenOptions::new();
        // Whoever may open the file may hold the lock.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file =
            options.create(true).truncate(false).read(true).write(true).open(&path).map_err(about(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::AlreadyRunning),
            Err(TryLockError::Error(error)) => Err(about(&path)(error)),
        }
    }
}

/// The file of the same name with `suffix` behind it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
