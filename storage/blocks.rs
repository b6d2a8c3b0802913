//! Block lists: whom accounts want nothing from. Accounts are blocked, by the characters that one knows of them.

use protocol::blocks::Blocked;
use protocol::{AccountId, CharacterId};
use rusqlite::{Connection, OptionalExtension};

use crate::{Read, StoreError, Write};

/// A character, as somebody names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    Id(CharacterId),
    /// Normalised and folded.
    Key(String),
}

/// Blocks a character; once more does nothing. Answers with its name.
/// [`StoreError::NotFound`] when there is none, [`StoreError::Conflict`]`("self")` when it is the account's own,
/// [`StoreError::TooMany`] when it blocks `most` others already.
pub fn add(account: AccountId, whom: Named, most: u32, now: i64) -> Write<String> {
    Write::new(move |database| {
        let (id, name, owner) = find(database, &whom)?.ok_or(StoreError::NotFound)?;
        if owner == account.0 {
            return Err(StoreError::Conflict("self"));
        }
        let others: u32 = database
            .prepare_cached("SELECT count(*) FROM blocks WHERE account_id = ?1 AND character_id <> ?2")?
            .query_row((account.0, id), |row| row.get(0))?;
        if others >= most {
            return Err(StoreError::TooMany);
        }
        database
            .prepare_cached(
                "INSERT INTO blocks (account_id, character_id, blocked_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
            )?
            .execute((account.0, id, now))?;
        Ok(name)
    })
}

/// Blocks a character no more, even one that is deleted by now. Answers with its name.
/// [`StoreError::NotFound`] when it is not blocked.
pub fn remove(account: AccountId, whom: Named) -> Write<String> {
    Write::new(move |database| {
        let blocked = list_of(database, account)?.into_iter().find(|blocked| match &whom {
            Named::Id(id) => blocked.character_id == *id,
            Named::Key(key) => rules::names::fold(&blocked.character_name) == *key,
        });
        let Blocked { character_id, character_name, .. } = blocked.ok_or(StoreError::NotFound)?;
        database
            .prepare_cached("DELETE FROM blocks WHERE account_id = ?1 AND character_id = ?2")?
            .execute((account.0, character_id.0))?;
        Ok(character_name)
    })
}

/// Everybody whom an account blocks, the latest last.
pub fn list(account: AccountId) -> Read<Vec<Blocked>> {
    Read::new(move |database| list_of(database, account))
}

/// Whether `account` blocks any character of `other`.
pub fn blocks(account: AccountId, other: AccountId) -> Read<bool> {
    Read::new(move |database| {
        Ok(database
            .prepare_cached(
                "SELECT EXISTS (
                     SELECT 1 FROM blocks JOIN characters ON characters.id = character_id
                     WHERE blocks.account_id = ?1 AND characters.account_id = ?2)",
            )?
            .query_row((account.0, other.0), |row| row.get(0))?)
    })
}

/// The account is deleted: it needs no list.
pub(crate) fn forget(database: &Connection, account: AccountId) -> Result<(), StoreError> {
    database.prepare_cached("DELETE FROM blocks WHERE account_id = ?1")?.execute([account.0])?;
    Ok(())
}

fn list_of(database: &Connection, account: AccountId) -> Result<Vec<Blocked>, StoreError> {
    let mut statement = database.prepare_cached(
        "SELECT character_id, name, blocked_at FROM blocks JOIN characters ON characters.id = character_id
         WHERE blocks.account_id = ?1 ORDER BY blocked_at, character_id",
    )?;
    let rows = statement.query_map([account.0], |row| {
        Ok(Blocked {
            character_id: CharacterId(row.get("character_id")?),
            character_name: row.get("name")?,
            blocked_at: row.get::<_, i64>("blocked_at")? as f64 / 1000.0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Its id, its name, and whose it is.
fn find(database: &Connection, whom: &Named) -> Result<Option<(i64, String, i64)>, StoreError> {
    let of_row = |row: &rusqlite::Row| Ok((row.get("id")?, row.get("name")?, row.get("account_id")?));
    let found = match whom {
        Named::Id(id) => database
            .prepare_cached(
                "SELECT id, name, account_id FROM characters WHERE id = ?1 AND deleted_at IS NULL",
            )?
            .query_row([id.0], of_row),
        Named::Key(key) => database
            .prepare_cached(
                "SELECT id, name, account_id FROM characters WHERE name_key = ?1 AND deleted_at IS NULL",
            )?
            .query_row([key], of_row),
    };
    Ok(found.optional()?)
}
