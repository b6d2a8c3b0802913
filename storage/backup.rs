//! Copies of the whole database: made while it is in use, put back while it is not.

use std::fs::{File, hard_link, remove_file, rename};
use std::path::{Path, PathBuf};

use crate::error::about;
use crate::lock::{InstanceLock, beside};
use crate::{StoreError, audit, migrate, open};

/// Copies `from`, as of one moment, to `to`, which is replaced whole or not at all.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    if is_same_file(from, to) {
        // Its server would go on writing to a file that has no name any more.
        return Err(StoreError::File(format!("{} is the database itself; name another file", to.display())));
    }
    let part = beside(to, ".part");
    let copied = vacuum_into(from, &part).and_then(|()| put_in_place(&part, to));
    copied.inspect_err(|_| drop(remove_if_there(&part)))
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Puts the backup `file` in the place of the database `to`. What was there stays beside it; the answer says where.
///
/// # Errors
/// [`StoreError::AlreadyRunning`] while a server uses `to`; [`StoreError::Corrupt`] and [`StoreError::TooNew`] when the
/// backup is not fit to be used. Then nothing has changed.
pub fn restore(file: &Path, to: &Path) -> Result<Option<PathBuf>, StoreError> {
    open::make_directory(to)?;
    let _lock = InstanceLock::take(to)?;
    let part = beside(to, ".part");
    let restored = vacuum_into(file, &part).and_then(|()| replace(to, &part));
    restored.inspect_err(|_| drop(remove_if_there(&part)))
}

/// Puts `part` in the place of the database `to`, if it is sound.
fn replace(to: &Path, part: &Path) -> Result<Option<PathBuf>, StoreError> {
    if let Some(problem) = audit::check(part)?.problems.first() {
        return Err(StoreError::Corrupt(problem.clone()));
    }
    let kept = keep(to)?;
    put_in_place(part, to)?;
    Ok(kept)
}

/// A compact copy made by SQLite in one read transaction, which stops no writer, and synced.
fn vacuum_into(from: &Path, to: &Path) -> Result<(), StoreError> {
    remove_if_there(to)?;
    let database = open::guest(from)?;
    migrate::check_ours(&database)?;
    if migrate::version(&database)? == 0 {
        return Err(StoreError::Corrupt(format!("{} is empty", from.display())));
    }
    open::make_directory(to)?;
    open::make_private(to)?;
    let name = to.to_str().ok_or_else(|| StoreError::File(format!("{}: no UTF-8", to.display())))?;
    database.execute("VACUUM INTO ?1", [name])?;
    File::open(to).and_then(|file| file.sync_all()).map_err(about(to))
}

/// Leaves a second name for the database of before, complete in itself: its log is emptied into it first. A log that
/// can't be is moved along, for it must never be applied to what comes in the place of its database.
fn keep(path: &Path) -> Result<Option<PathBuf>, StoreError> {
    if !path.exists() {
        return Ok(None);
    }
    let kept = beside(path, ".replaced");
    if let Ok(old) = open::writer(path) {
        // The last connection to close empties the log and removes it.
        drop(old);
    }
    for suffix in ["", "-wal", "-shm"] {
        remove_if_there(&beside(&kept, suffix))?;
    }
    hard_link(path, &kept).map_err(about(&kept))?;
    for suffix in ["-wal", "-shm"] {
        let log = beside(path, suffix);
        if log.exists() {
            rename(&log, beside(&kept, suffix)).map_err(about(&log))?;
        }
    }
    Ok(Some(kept))
}

fn put_in_place(part: &Path, to: &Path) -> Result<(), StoreError> {
    rename(part, to).map_err(about(to))?;
    sync_directory_of(to)
}

/// So that a new name outlives a power cut.
#[cfg(unix)]
fn sync_directory_of(path: &Path) -> Result<(), StoreError> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(about(directory))
}

#[cfg(not(unix))]
fn sync_directory_of(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(about(path)(error)),
        _ => Ok(()),
    }
}
