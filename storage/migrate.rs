//! Brings a database to the schema this program knows, in one transaction.
//!
//! To change the schema: edit schema.sql, write storage/migrations/00N.sql that takes an existing database there, and
//! append it to `MIGRATIONS`. storage/migrations/001.sql is the schema as it was before the first migration: with all of
//! them it has to lead to schema.sql. What was written once is never changed: somebody's database was made by it.

use rusqlite::{Connection, TransactionBehavior};

use crate::StoreError;

/// How `PRAGMA application_id` says that a file is ours; the same as in schema.sql.
pub(crate) const APPLICATION_ID: i64 = 0x5348_4D44;

/// Version 1 and everything since: what an empty file gets.
const SCHEMA: &str = include_str!("../schema.sql");

/// What takes a database from version 1 to 2, from 2 to 3, and so on.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/002.sql"),
    include_str!("migrations/003.sql"),
    include_str!("migrations/004.sql"),
];

/// The version of schema.sql.
pub(crate) const LATEST: i64 = 1 + MIGRATIONS.len() as i64;

pub(crate) fn version(database: &Connection) -> Result<i64, StoreError> {
    Ok(database.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// # Errors
/// [`StoreError::TooNew`] and [`StoreError::Corrupt`] before anything is changed.
pub(crate) fn migrate(database: &mut Connection) -> Result<(), StoreError> {
    run(database, SCHEMA, MIGRATIONS)
}

/// Refuses a file that this program must not write to.
pub(crate) fn check_ours(database: &Connection) -> Result<(), StoreError> {
    check(database, LATEST)
}

fn check(database: &Connection, known: i64) -> Result<(), StoreError> {
    let found = version(database)?;
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    let id: i64 = database.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = database.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let empty = found == 0 && id == 0 && tables == 0;
    if !empty && (found < 1 || id != APPLICATION_ID) {
        return Err(StoreError::Corrupt("an SQLite file of another program".to_owned()));
    }
    Ok(())
}

fn run(database: &mut Connection, schema: &str, migrations: &[&str]) -> Result<(), StoreError> {
    let latest = 1 + migrations.len() as i64;
    // Taken before the look at the version: two processes may start on the same empty file.
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    check(&transaction, latest)?;
    let found = version(&transaction)?;
    if found == 0 {
        transaction.execute_batch(schema)?;
    } else {
        let done = usize::try_from(found - 1).expect("a checked version is at least 1");
        for migration in &migrations[done..] {
            transaction.execute_batch(migration)?;
        }
    }
    if found < latest {
        transaction.pragma_update(None, "user_version", latest)?;
    }
    Ok(transaction.commit()?)
}

/// As an empty file got it before the first migration.
#[cfg(test)]
const OLDEST: &str = include_str!("migrations/001.sql");

/// A database as it was when `schema` was the latest.
#[cfg(test)]
pub(crate) fn make_old(database: &mut Connection, schema: usize) {
    run(database, OLDEST, &[]).unwrap();
    run(database, OLDEST, &MIGRATIONS[..schema - 1]).unwrap();
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{LATEST, OLDEST, migrate, run, version};
    use crate::StoreError;

    fn oldest() -> Connection {
        let mut database = empty();
        run(&mut database, OLDEST, &[]).unwrap();
        database
    }

    fn empty() -> Connection {
        Connection::open_in_memory().unwrap()
    }

    /// Tables with their columns, indices and references: all that statements can tell apart, however it was made.
    fn shape(database: &Connection) -> Vec<String> {
        let sql = "
            SELECT t.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || c.pk || ' '
                || coalesce(c.dflt_value, '-') FROM pragma_table_list t, pragma_table_xinfo(t.name) c
                WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%'
            UNION ALL SELECT t.name || ' strict ' || t.strict || ' wr ' || t.wr FROM pragma_table_list t
                WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%'
            UNION ALL SELECT t.name || ' index ' || i.\"unique\" || i.partial || ' ' || group_concat(n.name)
                FROM pragma_table_list t, pragma_index_list(t.name) i, pragma_index_info(i.name) n
                WHERE t.schema = 'main' GROUP BY i.name
            UNION ALL SELECT t.name || ' -> ' || f.\"table\" || ' ' || f.\"from\"
                FROM pragma_table_list t, pragma_foreign_key_list(t.name) f WHERE t.schema = 'main'
            ORDER BY 1";
        let mut statement = database.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn migrations_lead_to_schema_sql() {
        let mut fresh = empty();
        migrate(&mut fresh).unwrap();
        assert!(shape(&fresh).iter().any(|line| line.starts_with("characters.epoch")));
        assert_eq!(version(&fresh), Ok(LATEST));
        let mut migrated = oldest();
        assert_eq!(version(&migrated), Ok(1));
        assert_ne!(shape(&fresh), shape(&migrated));
        migrate(&mut migrated).unwrap();
        assert_eq!(shape(&fresh), shape(&migrated));
        assert_eq!(version(&migrated), Ok(LATEST));
    }

    #[test]
    fn an_old_database_gets_the_missing_steps_only() {
        let mut database = oldest();
        run(&mut database, OLDEST, &["CREATE TABLE two (a)"]).unwrap();
        run(&mut database, OLDEST, &["CREATE TABLE two (a)", "CREATE TABLE three (a)"]).unwrap();
        assert_eq!(version(&database), Ok(3));
        database.execute("INSERT INTO three SELECT a FROM two", []).unwrap();
    }

    #[test]
    fn a_step_that_fails_leaves_the_database_as_it_was() {
        let mut database = oldest();
        let before = shape(&database);
        let failed = run(&mut database, OLDEST, &["CREATE TABLE two (a)", "nonsense"]);
        assert!(matches!(failed, Err(StoreError::Sql(_))), "{failed:?}");
        assert_eq!(shape(&database), before);
        assert_eq!(version(&database), Ok(1));
    }

    #[test]
    fn what_is_newer_or_not_ours_is_left_alone() {
        let mut newer = empty();
        migrate(&mut newer).unwrap();
        newer.pragma_update(None, "user_version", 99).unwrap();
        assert_eq!(migrate(&mut newer), Err(StoreError::TooNew { found: 99, known: LATEST }));
        let mut foreign = empty();
        foreign.execute_batch("CREATE TABLE somebody_elses (a)").unwrap();
        assert!(matches!(migrate(&mut foreign), Err(StoreError::Corrupt(_))));
    }
}
