//! Whether a database is sound: SQLite's own checks, and that no property came from nowhere.

use std::path::Path;

use rusqlite::{Connection, Row};

use crate::{StoreError, migrate, open};

/// The most problems named of one kind.
const NAMED_MAX: usize = 20;

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub schema: i64,
    /// What the next start brings `schema` to. An older one is checked by SQLite's own means only, nothing is counted.
    pub schema_latest: i64,
    /// Those that are not deleted.
    pub accounts: u64,
    /// Those that are not deleted.
    pub characters: u64,
    pub sessions: u64,
    pub chat_lines: u64,
    pub items: u64,
    /// One sentence each, with the row it is about; empty: all is well.
    pub problems: Vec<String>,
}

/// Each finds rows that must not be: one column, the sentence about the row.
const RULES: &[&str] = &[
    "SELECT 'item ' || serial || ' (' || kind || ') is held ' || held || ' times by its owner, character ' || owner_id
     FROM (SELECT serial, kind, owner_id, (SELECT coalesce(sum(delta), 0) FROM ledger
               WHERE ledger.serial = items.serial AND holder_id = owner_id) AS held FROM items)
     WHERE held <> 1",
    "SELECT 'item ' || serial || ' is entered as held by character ' || holder_id || ', its owner is ' || owner_id
     FROM ledger JOIN items USING (serial) WHERE holder_id <> owner_id
     GROUP BY serial, holder_id HAVING sum(delta) <> 0",
    "SELECT 'character ' || id || ' (' || name || ') has ' || souls || ' souls, the ledger says ' || entered
     FROM (SELECT id, name, souls, (SELECT coalesce(sum(delta), 0) FROM ledger
               WHERE holder_id = characters.id AND asset = 'souls' AND serial IS NULL) AS entered FROM characters)
     WHERE souls <> entered OR souls < 0",
    "SELECT 'character ' || holder_id || ' has ' || have || ' ' || asset || ', the ledger says ' || entered
     FROM (SELECT holder_id, asset, sum(delta) AS entered, coalesce((SELECT quantity FROM stacks
               WHERE owner_id = holder_id AND kind = asset), 0) AS have
           FROM ledger WHERE holder_id IS NOT NULL AND serial IS NULL AND asset <> 'souls'
           GROUP BY holder_id, asset)
     WHERE have <> entered",
    "SELECT 'character ' || owner_id || ' has ' || quantity || ' ' || kind || ' that the ledger knows nothing of'
     FROM stacks WHERE NOT EXISTS
         (SELECT 1 FROM ledger WHERE holder_id = owner_id AND asset = kind AND serial IS NULL)",
    "SELECT 'transfer ' || transfer_id || ' is out of balance by ' || sum(delta) || ' ' || asset
     FROM ledger GROUP BY transfer_id, asset, serial HAVING sum(delta) <> 0",
    "SELECT 'session ' || sessions.id || ' plays character ' || character_id || ', which is not its account''s'
     FROM sessions JOIN characters ON characters.id = character_id
     WHERE characters.account_id <> sessions.account_id OR characters.deleted_at IS NOT NULL",
];

/// Audits a database file, beside a running server if there is one. Changes nothing.
///
/// # Errors
/// When the file can't be opened or is none of ours; what is wrong within it is in the report.
pub fn check(path: &Path) -> Result<Report, StoreError> {
    let database = open::guest(path)?;
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
        return Ok(Report { schema, schema_latest, problems, ..Report::default() });
    }
    for rule in RULES {
        problems.extend(sentences(&database, rule, |row| row.get(0))?);
    }
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
        items: count("items")?,
        problems,
    })
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
