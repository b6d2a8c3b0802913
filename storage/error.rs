//! What can go wrong with the disk and what is on it.

use rusqlite::ErrorCode;

/// Why the store did not do what it was asked. Nothing of a step that ended so is on the disk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The queue is full, or another process holds the database for longer than the busy timeout. Try again.
    #[error("the store is busy")]
    Busy,
    /// The disk failed. The store is read-only from then on; only a restart, which recovers, ends that.
    #[error("the store has failed and is read-only: {0}")]
    Failed(String),
    /// What it builds on was not saved, see [`Lineage`](crate::Lineage).
    #[error("what came before it was not saved")]
    Forgone,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The step has a bug; it was undone, its neighbours were not.
    #[error("a step of the store panicked")]
    Panicked,
    /// Something that must be unique is taken: "username", "name", "message_id", "chat_id", "cause".
    #[error("{0} is taken")]
    Conflict(&'static str),
    /// As many as there may be.
    #[error("too many")]
    TooMany,
    /// No such row, or not the asker's.
    #[error("not found")]
    NotFound,
    /// Somebody else has taken the character since.
    #[error("the character has been taken by another session")]
    StaleEpoch,
    /// What the character owns or is has changed since.
    #[error("the character has changed since")]
    StaleSheet,
    #[error("another server is running on this database; stop it first, or name another data directory")]
    AlreadyRunning,
    #[error(
        "the database is damaged or not ours: {0}; put a backup in its place with: shardmesh restore FILE"
    )]
    Corrupt(String),
    /// The file was written by a newer version of this program.
    #[error("the database has schema {found}, this program knows {known} at most; use the newer program")]
    TooNew { found: i64, known: i64 },
    /// A file beside the database could not be made, read or renamed.
    #[error("{0}")]
    File(String),
    /// A statement that SQLite refused: a bug in here, or a CHECK that held.
    #[error("refused by the database: {0}")]
    Sql(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory
                | ErrorCode::NoLargeFileSupport,
            ) => Self::Failed(error.to_string()),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error.to_string()),
            _ => Self::Sql(error.to_string()),
        }
    }
}

/// For a statement that can break one rule of uniqueness only: says which.
pub(crate) fn or_taken(what: &'static str) -> impl FnOnce(rusqlite::Error) -> StoreError {
    move |error| match error.sqlite_error().map(|error| error.extended_code) {
        Some(rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
            StoreError::Conflict(what)
        }
        _ => error.into(),
    }
}

/// A file operation that failed, with the file it was about.
pub(crate) fn about(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> StoreError + '_ {
    move |error| StoreError::File(format!("{}: {error}", path.display()))
}
