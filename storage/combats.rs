//! Combats: how they stand, who fights in them, and what they left of characters.

use std::collections::BTreeMap;

use protocol::ids::{CombatId, CrystalShardId};
use protocol::{AccountId, CharacterId};
use rules::combat::Aftermath;
use rules::realm::{Captor, Won};
use rules::venue::CombatSave;
use rusqlite::{Connection, OptionalExtension};

use crate::error::or_taken;
use crate::{Read, StoreError, Write};

/// How a combat stood when it was last saved; absent: it is over, or never began.
pub fn state(id: CombatId) -> Read<Option<String>> {
    Read::new(move |database| {
        Ok(database
            .prepare_cached("SELECT state FROM combats WHERE id = ?1")?
            .query_row([id.to_string()], |row| row.get(0))
            .optional()?)
    })
}

/// All that are under way.
pub fn under_way() -> Read<Vec<CombatId>> {
    Read::new(|database| {
        let mut statement = database.prepare_cached("SELECT id FROM combats ORDER BY id")?;
        let ids = statement.query_map([], |row| row.get::<_, String>(0))?;
        ids.map(|id| named(&id?)).collect()
    })
}

/// Those with guardians, each with the crystal shard that is fought for.
pub(crate) fn contested(database: &Connection) -> Result<BTreeMap<CombatId, CrystalShardId>, StoreError> {
    let mut statement =
        database.prepare_cached("SELECT id, shard_id FROM combats WHERE shard_id IS NOT NULL")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    rows.map(|row| {
        let (id, shard) = row?;
        Ok((named(&id)?, CrystalShardId(shard)))
    })
    .collect()
}

/// Combats that won crystal shards which were not taken by that, yet or any more: the oldest first.
pub fn unclaimed() -> Read<Vec<(CombatId, Won)>> {
    Read::new(|database| {
        let mut statement = database.prepare_cached(
            "SELECT aftermath, characters.name, characters.faction
             FROM aftermaths JOIN characters ON characters.id = aftermaths.character_id
             WHERE json_extract(aftermath, '$.prize') IS NOT NULL AND NOT EXISTS (
                 SELECT 1 FROM shard_history AS history WHERE history.combat_id = aftermaths.combat_id)
             ORDER BY made_at, aftermaths.combat_id, aftermaths.character_id",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))?;
        let mut won: Vec<(CombatId, Won)> = Vec::new();
        for row in rows {
            let (text, name, faction) = row?;
            let aftermath = aftermath(&text)?;
            let own = || Captor { id: aftermath.character_id, name, faction };
            // Everybody who won it says so.
            if let Some(one) = aftermath.won(own)
                && won.last().is_none_or(|(combat, _)| *combat != aftermath.combat_id)
            {
                won.push((aftermath.combat_id, one));
            }
        }
        Ok(won)
    })
}

fn aftermath(text: &str) -> Result<Aftermath, StoreError> {
    let broken = |error: serde_json::Error| StoreError::Corrupt(format!("an aftermath: {error}"));
    serde_json::from_str(text).map_err(broken)
}

/// The combat a character is in.
pub(crate) fn of(database: &Connection, who: CharacterId) -> Result<Option<CombatId>, StoreError> {
    let id: Option<String> = database
        .prepare_cached("SELECT combat_id FROM combat_fighters WHERE character_id = ?1")?
        .query_row([who.0], |row| row.get(0))
        .optional()?;
    id.map(|id| named(&id)).transpose()
}

/// # Errors
/// [`StoreError::Conflict`]`("combat")` when one of the account's characters is in one.
pub(crate) fn check_free(database: &Connection, account: AccountId) -> Result<(), StoreError> {
    let fights: bool = database
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM combat_fighters JOIN characters ON characters.id = character_id
             WHERE account_id = ?1)",
        )?
        .query_row([account.0], |row| row.get(0))?;
    if fights { Err(StoreError::Conflict("combat")) } else { Ok(()) }
}

/// Nobody will put into effect what combats left of those of the account that are deleted.
pub(crate) fn forget_deleted(database: &Connection, account: AccountId) -> Result<(), StoreError> {
    database
        .prepare_cached(
            "DELETE FROM aftermaths WHERE character_id IN
                 (SELECT id FROM characters WHERE account_id = ?1 AND deleted_at IS NOT NULL)",
        )?
        .execute([account.0])?;
    Ok(())
}

pub(crate) fn has_aftermaths(database: &Connection, who: CharacterId) -> Result<bool, StoreError> {
    Ok(database
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM aftermaths WHERE character_id = ?1)")?
        .query_row([who.0], |row| row.get(0))?)
}

/// What a combat left of a character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub aftermath: Aftermath,
    /// The crystal shard that was fought for was taken by this combat.
    pub taken: bool,
}

/// What combats left of a character and is not put into effect yet, the oldest first.
pub fn aftermaths(who: CharacterId) -> Read<Vec<Left>> {
    Read::new(move |database| aftermaths_of(database, who))
}

pub(crate) fn aftermaths_of(database: &Connection, who: CharacterId) -> Result<Vec<Left>, StoreError> {
    let mut statement = database.prepare_cached(
        "SELECT aftermath, EXISTS (
             SELECT 1 FROM shard_history AS history WHERE history.combat_id = aftermaths.combat_id)
         FROM aftermaths WHERE character_id = ?1 ORDER BY made_at, combat_id",
    )?;
    let rows = statement.query_map([who.0], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    rows.map(|row| {
        let (text, taken) = row?;
        Ok(Left { aftermath: aftermath(&text)?, taken })
    })
    .collect()
}

/// Takes an aftermath away: for the transaction that puts it into effect. [`StoreError::NotFound`] when it was put into
/// effect before.
pub fn settle_aftermath(who: CharacterId, combat: CombatId) -> Write<()> {
    Write::new(move |database| {
        let taken = database
            .prepare_cached("DELETE FROM aftermaths WHERE character_id = ?1 AND combat_id = ?2")?
            .execute((who.0, combat.to_string()))?;
        if taken == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    })
}

/// # Errors
/// [`StoreError::StaleEpoch`] when one who joins was taken by another session, [`StoreError::Conflict`]`("character")`
/// when he fights elsewhere.
pub(crate) fn keep(database: &Connection, save: &CombatSave, now: i64) -> Result<(), StoreError> {
    let id = save.combat_id.to_string();
    if let Some(state) = &save.state {
        database
            .prepare_cached(
                "INSERT INTO combats (id, state, shard_id, saved_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET state = excluded.state, saved_at = excluded.saved_at",
            )?
            .execute((&id, state, save.shard.map(|shard| shard.0), now))?;
        for (who, epoch) in &save.joined {
            join(database, &id, *who, *epoch)?;
        }
    }
    for aftermath in &save.released {
        let text = serde_json::to_string(aftermath).expect("an aftermath is made of what JSON can say");
        database
            .prepare_cached(
                "INSERT INTO aftermaths (character_id, combat_id, aftermath, made_at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((aftermath.character_id.0, &id, text, now))
            .map_err(or_taken("aftermath"))?;
        database
            .prepare_cached("DELETE FROM combat_fighters WHERE character_id = ?1 AND combat_id = ?2")?
            .execute((aftermath.character_id.0, &id))?;
    }
    if save.state.is_none() {
        database.prepare_cached("DELETE FROM combat_fighters WHERE combat_id = ?1")?.execute([&id])?;
        database.prepare_cached("DELETE FROM combats WHERE id = ?1")?.execute([&id])?;
    }
    Ok(())
}

fn join(database: &Connection, id: &str, who: CharacterId, epoch: i64) -> Result<(), StoreError> {
    let joined = database
        .prepare_cached(
            "INSERT INTO combat_fighters (character_id, combat_id)
             SELECT id, ?2 FROM characters WHERE id = ?1 AND epoch = ?3 AND deleted_at IS NULL",
        )?
        .execute((who.0, id, epoch))
        .map_err(or_taken("character"))?;
    if joined == 0 { Err(StoreError::StaleEpoch) } else { Ok(()) }
}

pub(crate) fn named(id: &str) -> Result<CombatId, StoreError> {
    let broken = |_| StoreError::Corrupt(format!("a combat is called {id:?}"));
    serde_json::from_value(id.into()).map_err(broken)
}
