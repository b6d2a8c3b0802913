//! Answers to commands that wrote something: a retry has its effect once and gets the same answer.

use protocol::CharacterId;
use rusqlite::{Connection, OptionalExtension};

use crate::error::or_taken;
use crate::{Read, StoreError, Write};

/// How long an answer is kept: 24 hours.
const KEPT_MS: i64 = 24 * 3600 * 1000;
/// How many a session gets back when it takes its character.
const RECENT_MAX: i64 = 512;
/// How many one sweep removes, so that nobody waits long behind it.
const SWEEP_MAX: i64 = 5000;

/// What is kept for a character.
pub(crate) struct Kept {
    /// The newest, oldest first: (message_id, answer).
    pub(crate) recent: Vec<(String, String)>,
    pub(crate) total: u32,
}

/// [`StoreError::Conflict`]`("message_id")` when there is one: the command had its effect before.
pub fn keep(character: CharacterId, message_id: String, answer: String, now: i64) -> Write<()> {
    Write::new(move |database| insert(database, character, &message_id, &answer, now))
}

pub fn find(character: CharacterId, message_id: String) -> Read<Option<String>> {
    Read::new(move |database| {
        Ok(database
            .prepare_cached("SELECT answer FROM answers WHERE character_id = ?1 AND message_id = ?2")?
            .query_row((character.0, message_id), |row| row.get(0))
            .optional()?)
    })
}

/// Forgets what is older than 24 hours, at most 5,000 at a time; answers how many.
pub fn sweep(now: i64) -> Write<usize> {
    Write::new(move |database| {
        // In order of id, which is that of time but for jumps of the clock: stops at the first young one.
        Ok(database
            .prepare_cached(
                "DELETE FROM answers WHERE id IN (SELECT id FROM answers WHERE kept_at <= ?1
                 AND id < coalesce((SELECT id FROM answers WHERE kept_at > ?1 ORDER BY id LIMIT 1), ?3)
                 ORDER BY id LIMIT ?2)",
            )?
            .execute((now.saturating_sub(KEPT_MS), SWEEP_MAX, i64::MAX))?)
    })
}

pub(crate) fn insert(
    database: &Connection,
    character: CharacterId,
    message_id: &str,
    answer: &str,
    now: i64,
) -> Result<(), StoreError> {
    database
        .prepare_cached(
            "INSERT INTO answers (character_id, message_id, answer, kept_at) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((character.0, message_id, answer, now))
        .map_err(or_taken("message_id"))?;
    Ok(())
}

pub(crate) fn recent_of(database: &Connection, character: CharacterId, now: i64) -> Result<Kept, StoreError> {
    let since = now.saturating_sub(KEPT_MS);
    let total = database
        .prepare_cached("SELECT count(*) FROM answers WHERE character_id = ?1 AND kept_at > ?2")?
        .query_row((character.0, since), |row| row.get(0))?;
    let mut statement = database.prepare_cached(
        "SELECT message_id, answer FROM answers WHERE character_id = ?1 AND kept_at > ?2
         ORDER BY id DESC LIMIT ?3",
    )?;
    let rows = statement.query_map((character.0, since, RECENT_MAX), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut recent = rows.collect::<Result<Vec<_>, _>>()?;
    recent.reverse();
    Ok(Kept { recent, total })
}
