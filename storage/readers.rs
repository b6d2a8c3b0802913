//! The pool of connections that can't write.

use std::path::PathBuf;
use std::time::Duration;

use r2d2::{ManageConnection, Pool};
use rusqlite::Connection;

use crate::StoreError;
use crate::job::Job;
use crate::open;

/// Opens what the pool holds.
pub(crate) struct Readers {
    path: PathBuf,
}

impl ManageConnection for Readers {
    type Connection = Connection;
    type Error = StoreError;

    fn connect(&self) -> Result<Connection, StoreError> {
        open::reader(&self.path)
    }

    fn is_valid(&self, database: &mut Connection) -> Result<(), StoreError> {
        Ok(database.query_row("SELECT 1", [], |_| Ok(()))?)
    }

    /// A connection that a panic left within a transaction would show everybody the past.
    fn has_broken(&self, database: &mut Connection) -> bool {
        !database.is_autocommit()
    }
}

pub(crate) fn pool(path: PathBuf, readers: usize) -> Result<Pool<Readers>, StoreError> {
    Pool::builder()
        .max_size(u32::try_from(readers).unwrap_or(u32::MAX))
        .test_on_check_out(false)
        .connection_timeout(Duration::from_secs(5))
        .build(Readers { path })
        .map_err(|error| StoreError::File(error.to_string()))
}

/// Answers one question, all of it as of one moment.
pub(crate) fn ask(database: &Connection, mut job: Box<dyn Job>) {
    let fate = (|| {
        database.prepare_cached("BEGIN")?.execute([])?;
        // The job keeps its own error.
        let _ = job.run(database);
        database.prepare_cached("ROLLBACK")?.execute([])
    })();
    job.answer(fate.map(drop).map_err(StoreError::from));
}
