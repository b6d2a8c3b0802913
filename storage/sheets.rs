//! Sheets: what characters own, wear and are. Every change names epoch and version of every sheet it is about.

use protocol::CharacterId;
use protocol::ids::ItemId;
use rules::content::Slot;
use rules::ground::Heap;
use rules::sheet::{Asset, Growth, Item, Party, Settlement, Sheet};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::characters::character;
use crate::economy::{Transfer, expect_one};
use crate::{Read, StoreError, Write, answers, ground};

/// Who sent a command, its name, and its answer: made of the serials of the items that were made for it.
pub type AnswerOf = (CharacterId, String, Box<dyn FnOnce(&[ItemId]) -> String + Send>);

/// Settles, with the answer to the command that caused it. Answers with the serials of the items that were made for it,
/// in order.
///
/// [`StoreError::StaleEpoch`] and [`StoreError::StaleSheet`] when a party's epoch or version is not its character's;
/// [`StoreError::Conflict`]`("message_id")` and `("cause")` when it was settled before.
pub fn settle(settlement: Settlement, answer: Option<AnswerOf>, now: i64) -> Write<Vec<ItemId>> {
    Write::new(move |database| {
        let made = apply(database, &settlement, now)?;
        if let Some((character, message_id, answer)) = answer {
            answers::insert(database, character, &message_id, &answer(&made.items), now)?;
        }
        Ok(made.items)
    })
}

/// Reads a sheet behind all writes that were asked before, and raises its version: who was about to change it
/// knowing an older one can't any more. [`StoreError::StaleEpoch`] when the character is somebody else's.
pub fn retake(character: CharacterId, epoch: i64) -> Write<Sheet> {
    Write::new(move |database| {
        database
            .prepare_cached(
                "UPDATE characters SET sheet_version = sheet_version + 1 WHERE id = ?1 AND epoch = ?2",
            )?
            .execute((character.0, epoch))?;
        let sheet = database
            .prepare_cached("SELECT * FROM characters WHERE id = ?1 AND epoch = ?2 AND deleted_at IS NULL")?
            .query_row((character.0, epoch), of_row)
            .optional()?
            .ok_or(StoreError::StaleEpoch)?;
        with_things(database, sheet)
    })
}

/// The sheet as it is on disk, for who does not own it.
pub fn load(character: CharacterId) -> Read<Option<Sheet>> {
    Read::new(move |database| {
        let sheet = database
            .prepare_cached("SELECT * FROM characters WHERE id = ?1 AND deleted_at IS NULL")?
            .query_row([character.0], of_row)
            .optional()?;
        sheet.map(|sheet| with_things(database, sheet)).transpose()
    })
}

/// Whether what may happen only once has happened.
pub fn is_settled(cause: String) -> Read<bool> {
    Read::new(move |database| {
        Ok(database
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM transfers WHERE cause = ?1)")?
            .query_row([cause], |row| row.get(0))?)
    })
}

/// Without what the character owns.
pub(crate) fn of_row(row: &Row) -> rusqlite::Result<Sheet> {
    Ok(Sheet::new(&character(row)?, row.get("epoch")?, row.get("sheet_version")?))
}

/// Adds what the character owns.
pub(crate) fn with_things(database: &Connection, mut sheet: Sheet) -> Result<Sheet, StoreError> {
    let id = sheet.character_id.0;
    let mut items = database.prepare_cached("SELECT serial, kind, worn FROM items WHERE owner_id = ?1")?;
    let items = items.query_map([id], |row| {
        let worn = row.get::<_, Option<String>>("worn")?.and_then(|word| Slot::named(&word));
        Ok((ItemId(row.get("serial")?), Item { kind: row.get("kind")?, worn }))
    })?;
    sheet.items = items.collect::<Result<_, _>>()?;
    let mut stacks = database.prepare_cached("SELECT kind, quantity FROM stacks WHERE owner_id = ?1")?;
    let stacks = stacks.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    sheet.stacks = stacks.collect::<Result<_, _>>()?;
    Ok(sheet)
}

/// What only the store could say of a settlement.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// The serials of the items that were made, in order.
    pub items: Vec<ItemId>,
    /// What lies on the ground since, or did until then.
    pub heap: Option<Heap>,
}

pub(crate) fn apply(database: &Connection, settlement: &Settlement, now: i64) -> Result<Made, StoreError> {
    for party in &settlement.parties {
        raise(database, party, souls_gained(settlement, party.character_id)?, now)?;
    }
    // Only who is a party is known to be as the settlement thinks.
    let movements = settlement.movements.iter();
    let strangers = movements.flat_map(|movement| movement.from.into_iter().chain(movement.to));
    if strangers.into_iter().any(|who| settlement.party(who).is_none()) {
        return Err(StoreError::StaleSheet);
    }
    for party in &settlement.parties {
        change_clothes(database, party)?;
        if let Some(growth) = &party.growth {
            grow(database, party.character_id, growth)?;
        }
    }
    if settlement.movements.is_empty() && settlement.cause.is_none() {
        return Ok(Made::default());
    }
    let ground = settlement.ground.as_ref();
    let heap =
        ground.map(|ground| ground::change(database, ground, &settlement.movements, now)).transpose()?;
    let transfer = Transfer::begin(database, settlement.reason, settlement.cause.as_deref(), now)?
        .by(heap.as_ref().map(|heap| heap.id));
    let mut made = Made { items: Vec::new(), heap };
    for movement in &settlement.movements {
        made.items.extend(transfer.carry(movement)?);
    }
    Ok(made)
}

fn souls_gained(settlement: &Settlement, who: CharacterId) -> Result<i64, StoreError> {
    let mut gained: i64 = 0;
    for movement in &settlement.movements {
        let Asset::Souls(quantity) = movement.asset else { continue };
        if movement.to == Some(who) {
            gained = gained.checked_add(quantity).ok_or(StoreError::StaleSheet)?;
        }
        if movement.from == Some(who) {
            gained = gained.checked_sub(quantity).ok_or(StoreError::StaleSheet)?;
        }
    }
    Ok(gained)
}

/// The one place that says yes to a change of a sheet.
fn raise(database: &Connection, party: &Party, souls: i64, now: i64) -> Result<(), StoreError> {
    let changed = database
        .prepare_cached(
            "UPDATE characters SET sheet_version = sheet_version + 1, souls = souls + ?4, updated_at = ?5
             WHERE id = ?1 AND epoch = ?2 AND sheet_version = ?3 AND deleted_at IS NULL",
        )?
        .execute((party.character_id.0, party.epoch, party.version, souls, now))?;
    if changed == 1 {
        return Ok(());
    }
    let same_owner: bool = database
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM characters WHERE id = ?1 AND epoch = ?2 AND deleted_at IS NULL)",
        )?
        .query_row((party.character_id.0, party.epoch), |row| row.get(0))?;
    Err(if same_owner { StoreError::StaleSheet } else { StoreError::StaleEpoch })
}

fn grow(database: &Connection, who: CharacterId, growth: &Growth) -> Result<(), StoreError> {
    let Growth { stats, resources, level, experience } = growth;
    database
        .prepare_cached(
            "UPDATE characters SET strength = :strength, dexterity = :dexterity, intelligence = :intelligence,
                 constitution = :constitution, wisdom = :wisdom, charisma = :charisma,
                 health = :health, max_health = :max_health, stamina = :stamina, max_stamina = :max_stamina,
                 mana = :mana, max_mana = :max_mana, level = :level, experience = :experience
             WHERE id = :who",
        )?
        .execute(named_params! {
            ":who": who.0,
            ":strength": stats.strength, ":dexterity": stats.dexterity, ":intelligence": stats.intelligence,
            ":constitution": stats.constitution, ":wisdom": stats.wisdom, ":charisma": stats.charisma,
            ":health": resources.health, ":max_health": resources.max_health,
            ":stamina": resources.stamina, ":max_stamina": resources.max_stamina,
            ":mana": resources.mana, ":max_mana": resources.max_mana,
            ":level": level, ":experience": experience,
        })?;
    Ok(())
}

/// What is taken off first, so that two never share a slot.
fn change_clothes(database: &Connection, party: &Party) -> Result<(), StoreError> {
    let mut put =
        database.prepare_cached("UPDATE items SET worn = ?3 WHERE serial = ?1 AND owner_id = ?2")?;
    let (on, off): (Vec<_>, Vec<_>) = party.wear.iter().partition(|(_, slot)| slot.is_some());
    for (id, slot) in off.into_iter().chain(on) {
        expect_one(put.execute((id.0, party.character_id.0, slot.map(Slot::as_str)))?)?;
    }
    Ok(())
}
