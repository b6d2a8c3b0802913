//! Characters: made, listed, taken into the world by a session, deleted; and where they are.

use protocol::characters::{Character, Progression, Resources, Stats};
use protocol::ids::CombatId;
use protocol::movement::Position;
use protocol::{AccountId, CharacterId, LocationId};
use rules::NewCharacter;
use rules::quests::QuestLog;
use rules::sheet::Sheet;
use rules::venue::Whereabouts;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::answers::{Kept, recent_of};
use crate::economy::endow;
use crate::error::or_taken;
use crate::parties::{Belonging, belonging};
use crate::sheets::{of_row, with_things};
use crate::times::iso;
use crate::{Read, StoreError, Write, combats, quests};

/// How long the name of a deleted character stays reserved: seven days.
const NAME_RESERVED_MS: i64 = 7 * 24 * 3600 * 1000;

/// A character that a session has just taken: every write about it names `epoch` from now on.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    pub character: Character,
    pub epoch: i64,
    /// What it owns, wears and is.
    pub sheet: Sheet,
    pub whereabouts: (LocationId, Position),
    /// The combat it is in, and whether what combats left of it is to be put into effect.
    pub combat: Option<CombatId>,
    pub aftermaths_wait: bool,
    pub quests: QuestLog,
    /// The newest answers kept for it, oldest first: (message_id, answer).
    pub recent_answers: Vec<(String, String)>,
    /// How many are kept in all: when there are more, [`answers::find`](crate::answers::find) knows the rest.
    pub answers_total: u32,
    /// Its party, and who else wants it.
    pub belonging: Belonging,
}

/// Makes a character with its kit and souls, and enters them into the ledger.
/// [`StoreError::Conflict`]`("name")`; [`StoreError::TooMany`] when the account has `max_per_account` already.
pub fn create(account: AccountId, new: NewCharacter, max_per_account: u32, now: i64) -> Write<Character> {
    Write::new(move |database| {
        let alive: bool = database
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM accounts WHERE id = ?1 AND deleted_at IS NULL)")?
            .query_row([account.0], |row| row.get(0))?;
        if !alive {
            return Err(StoreError::NotFound);
        }
        let has: u32 = database
            .prepare_cached("SELECT count(*) FROM characters WHERE account_id = ?1 AND deleted_at IS NULL")?
            .query_row([account.0], |row| row.get(0))?;
        if has >= max_per_account {
            return Err(StoreError::TooMany);
        }
        let id = insert(database, account, &new, now)?;
        endow(database, id, new.progression.souls, &new.kit, now)?;
        owned(database, account, id)?.ok_or(StoreError::NotFound)
    })
}

/// The account's characters, oldest first.
pub fn list(account: AccountId) -> Read<Vec<Character>> {
    Read::new(move |database| {
        let mut statement = database.prepare_cached(
            "SELECT * FROM characters WHERE account_id = ?1 AND deleted_at IS NULL ORDER BY id",
        )?;
        let rows = statement.query_map([account.0], character)?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
}

/// One of the account's characters.
pub fn load(account: AccountId, id: CharacterId) -> Read<Option<Character>> {
    Read::new(move |database| owned(database, account, id))
}

/// Who bears this name, and how it is written.
pub fn by_name(name_key: String) -> Read<Option<(CharacterId, String)>> {
    Read::new(move |database| {
        Ok(database
            .prepare_cached("SELECT id, name FROM characters WHERE name_key = ?1 AND deleted_at IS NULL")?
            .query_row([name_key], named)
            .optional()?)
    })
}

/// The names of these, deleted ones included, in order of id. Unknown ids are left out.
pub fn names_of(ids: Vec<CharacterId>) -> Read<Vec<(CharacterId, String)>> {
    Read::new(move |database| {
        let ids = serde_json::to_string(&ids).expect("integers are JSON");
        let mut statement = database.prepare_cached(
            "SELECT id, name FROM characters WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id",
        )?;
        let rows = statement.query_map([ids], named)?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
}

/// Takes a character for a session: raises its epoch, so that whoever had it can't write any more.
/// [`StoreError::NotFound`] when it is not the account's.
pub fn take(account: AccountId, id: CharacterId, now: i64) -> Write<Taken> {
    Write::new(move |database| {
        database
            .prepare_cached(
                "UPDATE characters SET epoch = epoch + 1
                 WHERE id = ?1 AND account_id = ?2 AND deleted_at IS NULL",
            )?
            .execute((id.0, account.0))?;
        let (character, sheet, position) = database
            .prepare_cached(
                "SELECT * FROM characters WHERE id = ?1 AND account_id = ?2 AND deleted_at IS NULL",
            )?
            .query_row((id.0, account.0), |row| Ok((character(row)?, of_row(row)?, position(row)?)))
            .optional()?
            .ok_or(StoreError::NotFound)?;
        let sheet = with_things(database, sheet)?;
        let Kept { recent, total } = recent_of(database, id, now)?;
        let combat = combats::of(database, id)?;
        let aftermaths_wait = combats::has_aftermaths(database, id)?;
        let quests = quests::of(database, id)?;
        let whereabouts = (character.location_id, position);
        let epoch = sheet.epoch;
        let belonging = belonging(database, id, now)?;
        Ok(Taken {
            character,
            epoch,
            sheet,
            whereabouts,
            combat,
            aftermaths_wait,
            quests,
            recent_answers: recent,
            answers_total: total,
            belonging,
        })
    })
}

/// Deletes one of the account's characters; answers with its name, which stays reserved for seven days.
/// [`StoreError::Conflict`]`("combat")` while it fights.
pub fn delete(account: AccountId, id: CharacterId, now: i64) -> Write<String> {
    Write::new(move |database| {
        let name = database
            .prepare_cached(
                "UPDATE characters SET deleted_at = ?3, updated_at = ?3, epoch = epoch + 1
                 WHERE id = ?1 AND account_id = ?2 AND deleted_at IS NULL RETURNING name",
            )?
            .query_row((id.0, account.0, now), |row| row.get(0))
            .optional()?
            .ok_or(StoreError::NotFound)?;
        if combats::of(database, id)?.is_some() {
            return Err(StoreError::Conflict("combat"));
        }
        combats::forget_deleted(database, account)?;
        database
            .prepare_cached("UPDATE sessions SET character_id = NULL WHERE character_id = ?1")?
            .execute([id.0])?;
        Ok(name)
    })
}

/// Frees the names of characters deleted seven days ago; answers how many.
pub fn sweep(now: i64) -> Write<usize> {
    Write::new(move |database| {
        Ok(database
            .prepare_cached(
                "UPDATE characters SET name_key = NULL
                 WHERE deleted_at IS NOT NULL AND name_key IS NOT NULL AND deleted_at <= ?1",
            )?
            .execute([now.saturating_sub(NAME_RESERVED_MS)])?)
    })
}

/// Where these characters were last, with their epochs. Unknown and deleted ones are left out.
pub fn whereabouts(of: Vec<CharacterId>) -> Read<Vec<Whereabouts>> {
    Read::new(move |database| last_places(database, &of))
}

pub(crate) fn last_places(database: &Connection, of: &[CharacterId]) -> Result<Vec<Whereabouts>, StoreError> {
    let mut statement = database.prepare_cached(
        "SELECT id, epoch, location_id, x, y, z FROM characters WHERE id = ?1 AND deleted_at IS NULL",
    )?;
    let mut all = Vec::with_capacity(of.len());
    for id in of {
        let found = statement
            .query_row([id.0], |row| {
                Ok(Whereabouts {
                    character_id: CharacterId(row.get("id")?),
                    epoch: row.get("epoch")?,
                    location_id: LocationId(row.get("location_id")?),
                    position: position(row)?,
                })
            })
            .optional()?;
        all.extend(found);
    }
    Ok(all)
}

/// Where characters are; answers how many rows that changed. Those of a stale epoch are left out.
pub fn save_whereabouts(all: Vec<Whereabouts>) -> Write<usize> {
    Write::new(move |database| {
        let mut written = 0;
        for whereabouts in &all {
            match place(database, whereabouts) {
                Ok(()) => written += 1,
                Err(StoreError::StaleEpoch) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    })
}

/// # Errors
/// [`StoreError::StaleEpoch`] when somebody else has taken the character, or it is deleted.
pub(crate) fn place(database: &Connection, at: &Whereabouts) -> Result<(), StoreError> {
    let Position { x, y, z } = at.position;
    let changed = database
        .prepare_cached(
            "UPDATE characters SET location_id = ?3, x = ?4, y = ?5, z = ?6
             WHERE id = ?1 AND epoch = ?2 AND deleted_at IS NULL",
        )?
        .execute((at.character_id.0, at.epoch, at.location_id.0, x, y, z))?;
    if changed == 0 { Err(StoreError::StaleEpoch) } else { Ok(()) }
}

/// Moves a character within the location it is in. Changes nothing when it has gone on, was taken or is deleted.
pub(crate) fn step(database: &Connection, at: &Whereabouts) -> Result<(), StoreError> {
    let Position { x, y, z } = at.position;
    database
        .prepare_cached(
            "UPDATE characters SET x = ?4, y = ?5, z = ?6
             WHERE id = ?1 AND epoch = ?2 AND location_id = ?3 AND deleted_at IS NULL",
        )?
        .execute((at.character_id.0, at.epoch, at.location_id.0, x, y, z))?;
    Ok(())
}

/// # Errors
/// [`StoreError::Conflict`]`("combat")` while one of them fights.
pub(crate) fn delete_all_of(database: &Connection, account: AccountId, now: i64) -> Result<(), StoreError> {
    combats::check_free(database, account)?;
    database
        .prepare_cached(
            "UPDATE characters SET deleted_at = ?2, updated_at = ?2, epoch = epoch + 1
             WHERE account_id = ?1 AND deleted_at IS NULL",
        )?
        .execute((account.0, now))?;
    combats::forget_deleted(database, account)
}

fn insert(
    database: &Connection,
    account: AccountId,
    new: &NewCharacter,
    now: i64,
) -> Result<CharacterId, StoreError> {
    let NewCharacter { stats, resources, progression, position, .. } = new;
    database
        .prepare_cached(
            "INSERT INTO characters (account_id, name, name_key, race, class, faction,
                 strength, dexterity, intelligence, constitution, wisdom, charisma,
                 health, max_health, stamina, max_stamina, mana, max_mana,
                 level, experience, souls, location_id, x, y, z, created_at, updated_at)
             VALUES (:account, :name, :name_key, :race, :class, :faction,
                 :strength, :dexterity, :intelligence, :constitution, :wisdom, :charisma,
                 :health, :max_health, :stamina, :max_stamina, :mana, :max_mana,
                 :level, :experience, :souls, :location, :x, :y, :z, :now, :now)",
        )?
        .execute(named_params! {
            ":account": account.0, ":name": new.name, ":name_key": new.name_key,
            ":race": new.race, ":class": new.class, ":faction": new.faction,
            ":strength": stats.strength, ":dexterity": stats.dexterity, ":intelligence": stats.intelligence,
            ":constitution": stats.constitution, ":wisdom": stats.wisdom, ":charisma": stats.charisma,
            ":health": resources.health, ":max_health": resources.max_health,
            ":stamina": resources.stamina, ":max_stamina": resources.max_stamina,
            ":mana": resources.mana, ":max_mana": resources.max_mana,
            ":level": progression.level, ":experience": progression.experience, ":souls": progression.souls,
            ":location": new.location_id.0, ":x": position.x, ":y": position.y, ":z": position.z, ":now": now,
        })
        .map_err(or_taken("name"))?;
    Ok(CharacterId(database.last_insert_rowid()))
}

fn owned(
    database: &Connection,
    account: AccountId,
    id: CharacterId,
) -> Result<Option<Character>, StoreError> {
    Ok(database
        .prepare_cached("SELECT * FROM characters WHERE id = ?1 AND account_id = ?2 AND deleted_at IS NULL")?
        .query_row((id.0, account.0), character)
        .optional()?)
}

fn named(row: &Row) -> rusqlite::Result<(CharacterId, String)> {
    Ok((CharacterId(row.get("id")?), row.get("name")?))
}

fn position(row: &Row) -> rusqlite::Result<Position> {
    Ok(Position { x: row.get("x")?, y: row.get("y")?, z: row.get("z")? })
}

pub(crate) fn character(row: &Row) -> rusqlite::Result<Character> {
    Ok(Character {
        id: CharacterId(row.get("id")?),
        name: row.get("name")?,
        is_player: true,
        race: row.get("race")?,
        class: row.get("class")?,
        faction: row.get("faction")?,
        stats: Stats {
            strength: row.get("strength")?,
            dexterity: row.get("dexterity")?,
            intelligence: row.get("intelligence")?,
            constitution: row.get("constitution")?,
            wisdom: row.get("wisdom")?,
            charisma: row.get("charisma")?,
        },
        resources: Resources {
            health: row.get("health")?,
            max_health: row.get("max_health")?,
            stamina: row.get("stamina")?,
            max_stamina: row.get("max_stamina")?,
            mana: row.get("mana")?,
            max_mana: row.get("max_mana")?,
        },
        progression: Progression {
            level: row.get("level")?,
            experience: row.get("experience")?,
            souls: row.get("souls")?,
        },
        location_id: LocationId(row.get("location_id")?),
        created_at: iso(row.get("created_at")?),
        updated_at: iso(row.get("updated_at")?),
    })
}
