//! Files and connections: who may read them, and how SQLite treats them.

use std::fs::{DirBuilder, OpenOptions};
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::StoreError;
use crate::error::about;
use crate::lock::InstanceLock;
use crate::migrate::{LATEST, check_ours, migrate, version};

/// How long a process waits for another one's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements a connection keeps; there are about sixty.
const STATEMENTS_MAX: usize = 128;

/// Makes the file if there is none, and brings it to the latest schema.
pub(crate) fn prepare(path: &Path, locked: bool) -> Result<Connection, StoreError> {
    make_private(path)?;
    let mut database = writer(path)?;
    if locked {
        quick_check(&database)?;
    }
    let found = version(&database)?;
    if found < LATEST {
        // Beside a running server the schema must not move: who is not the owner has to become it for a moment.
        let _owner = (!locked && found > 0).then(|| InstanceLock::take(path)).transpose()?;
        migrate(&mut database)?;
        log::info!("the database is at schema {LATEST} now, it was at {found}");
    }
    Ok(database)
}

/// The connection that writes.
pub(crate) fn writer(path: &Path) -> Result<Connection, StoreError> {
    let database = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    check_ours(&database)?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    database.pragma_update(None, "wal_autocheckpoint", 1000)?;
    Ok(database)
}

/// A connection that can't write. Not opened read-only: a reader of a WAL takes part in its shared memory.
pub(crate) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let database = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    database.pragma_update(None, "query_only", true)?;
    Ok(database)
}

/// A connection to a file that may be anybody's and stays as it is.
pub(crate) fn guest(path: &Path) -> Result<Connection, StoreError> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let database = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| StoreError::File(format!("{}: {error}", path.display())))?;
    database.busy_timeout(BUSY_TIMEOUT)?;
    database.pragma_update(None, "foreign_keys", true)?;
    database.pragma_update(None, "trusted_schema", false)?;
    // Or a statement with a LIMIT or a range would be prepared anew for every value that is bound to it.
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    database.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(database)
}

fn quick_check(database: &Connection) -> Result<(), StoreError> {
    let said: String = database.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    // Whoever starts a server reads one line.
    if said == "ok" { Ok(()) } else { Err(StoreError::Corrupt(said.replace('\n', " "))) }
}

/// Makes the directory of `path` if it is missing, for nobody else's eyes.
pub(crate) fn make_directory(path: &Path) -> Result<(), StoreError> {
    let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) else {
        return Ok(());
    };
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory).map_err(about(directory))
}

/// Makes the file if it is missing, for nobody else's eyes.
pub(crate) fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.create(true).truncate(false).write(true).open(path).map_err(about(path))?;
    close_to_others(path, &file)
}

#[cfg(unix)]
fn close_to_others(path: &Path, file: &std::fs::File) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;

    let mut permissions = file.metadata().map_err(about(path))?.permissions();
    if permissions.mode() & 0o077 != 0 {
        log::warn!("{} was open to other users of this machine; it no longer is", path.display());
        permissions.set_mode(0o600);
        file.set_permissions(permissions).map_err(about(path))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn close_to_others(_: &Path, _: &std::fs::File) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::{prepare, reader};

    #[test]
    fn a_statement_stays_prepared_whatever_is_bound_to_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("world.db");
        let writer = prepare(&path, true).unwrap();
        for database in [writer, reader(&path).unwrap()] {
            for ranged in [
                "SELECT chat_id FROM chat_lines WHERE room = ?1 ORDER BY chat_id DESC LIMIT ?2",
                "SELECT id FROM sessions WHERE character_id = ?1 AND expires_at > ?2",
            ] {
                let mut statement = database.prepare(ranged).unwrap();
                for bound in [1, 100, 7] {
                    assert!(statement.query((bound, bound)).unwrap().next().unwrap().is_none());
                    statement.clear_bindings();
                }
                assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{ranged}");
            }
        }
    }
}
