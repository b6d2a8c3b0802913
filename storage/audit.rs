//! Whether a database is sound: SQLite's own checks, and that no property came from nowhere.

mod conservation;

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, Row};

use crate::{StoreError, migrate, open};

/// The most problems named of one kind.
const NAMED_MAX: usize = 20;

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub schema: i64,
    /// What the next start brings `schema` to. What an older one holds is counted in a copy that was brought there.
    pub schema_latest: i64,
    /// Those that are not deleted.
    pub accounts: u64,
    /// Those that are not deleted.
    pub characters: u64,
    pub sessions: u64,
    pub chat_lines: u64,
    /// Those that somebody has.
    pub items: u64,
    /// What lies on the ground, a stack once.
    pub lying: u64,
    /// In the hands of characters.
    pub souls: i64,
    pub ledger_entries: u64,
    /// One sentence each, with the row it is about; empty: all is well.
    pub problems: Vec<String>,
}

/// A session of somebody else's character: one column, the sentence about the row.
const STRANGE_SESSIONS: &str =
    "SELECT 'session ' || sessions.id || ' plays character ' || character_id || ', which is not its account''s'
     FROM sessions JOIN characters ON characters.id = character_id
     WHERE characters.account_id <> sessions.account_id OR characters.deleted_at IS NOT NULL";

/// A combat that nobody is in: one column, the sentence about the row.
const DESERTED_COMBATS: &str = "SELECT 'combat ' || id || ' has nobody in it' FROM combats
     WHERE NOT EXISTS (SELECT 1 FROM combat_fighters WHERE combat_id = combats.id)";

/// Audits a database file, beside a running server if there is one. Changes nothing.
///
/// # Errors
/// When the file can't be opened or is none of ours; what is wrong within it is in the report.
pub fn check(path: &Path) -> Result<Report, StoreError> {
    let mut database = open::guest(path)?;
    migrate::check_ours(&database)?;
    // All of it as of one moment.
    database.execute_batch("BEGIN")?;
    let mut problems = sentences(&database, "PRAGMA integrity_check(20)", |row| row.get(0))?;
    problems.retain(|said| said != "ok");
    problems.extend(sentences(&database, "PRAGMA foreign_key_check", |row| {
        let (table, row_id, parent): (String, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let row_id = row_id.map_or(String::new(), |id| format!(" {id}"));
        Ok(format!("{table}{row_id} refers to a row of {parent} that is missing"))
    })?);
    let schema = migrate::version(&database)?;
    let schema_latest = migrate::LATEST;
    if schema < schema_latest {
        database = copy_of(&database)?;
        if let Err(error) = migrate::migrate(&mut database) {
            problems.push(format!("it can't be brought to schema {schema_latest}: {error}"));
            return Ok(Report { schema, schema_latest, problems, ..Report::default() });
        }
    }
    for strange in [STRANGE_SESSIONS, DESERTED_COMBATS] {
        problems.extend(sentences(&database, strange, |row| row.get(0))?);
    }
    let conservation = conservation::check(&database, &mut problems)?;
    let count = |what: &str| -> Result<u64, StoreError> {
        let rows: i64 = database.query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0))?;
        Ok(rows.unsigned_abs())
    };
    Ok(Report {
        schema,
        schema_latest,
        accounts: count("accounts WHERE deleted_at IS NULL")?,
        characters: count("characters WHERE deleted_at IS NULL")?,
        sessions: count("sessions")?,
        chat_lines: count("chat_lines")?,
        items: count("items WHERE owner_id IS NOT NULL")?,
        lying: conservation.lying,
        souls: conservation.souls,
        ledger_entries: conservation.entries,
        problems,
    })
}

/// A copy as of the moment that `database` reads, in a temporary file of SQLite's own that goes away with it.
fn copy_of(database: &Connection) -> Result<Connection, StoreError> {
    let mut copy = Connection::open("")?;
    let copied = Backup::new(database, &mut copy)?.step(-1)?;
    match copied {
        StepResult::Done => Ok(copy),
        unfinished => Err(StoreError::File(format!("a copy to audit can't be made: {unfinished:?}"))),
    }
}

fn sentences(
    database: &Connection,
    sql: &str,
    say: impl FnMut(&Row) -> rusqlite::Result<String>,
) -> Result<Vec<String>, StoreError> {
    let mut statement = database.prepare(sql)?;
    let rows = statement.query_map([], say)?;
    Ok(rows.take(NAMED_MAX).collect::<Result<_, _>>()?)
}
