//! What lies on the ground. Its rows are changed in the transactions that move the property, and nowhere else.

use std::ops::Range;

use protocol::ids::{GroundId, ItemId};
use protocol::movement::Position;
use protocol::{CharacterId, LocationId};
use rules::ground::Heap;
use rules::sheet::{Asset, Ground, Movement, Settlement, Spot};
use rules::venue::Whereabouts;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::economy::Transfer;
use crate::sheets::AnswerOf;
use crate::{Read, StoreError, Write, answers, characters, sheets};

/// What has lain for too long goes in steps of so many.
const EXPIRED_AT_ONCE: usize = 256;

/// What [`StoreError::Conflict`] says when an account has as much lying around as it may.
pub const OF_ONE_ACCOUNT: &str = "of one account";

/// What the locations of a world shard hold.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardRecord {
    /// Where those were last who are asked about.
    pub whereabouts: Vec<Whereabouts>,
    pub heaps: Vec<Heap>,
    /// The newest that has ever been laid down, there or elsewhere.
    pub last_heap: GroundId,
}

/// Settles what goes to the ground or comes from there, with the answer to the command that caused it. Answers with what
/// it is, or was, there.
///
/// As [`sheets::settle`]; and [`StoreError::TooMany`] when as much lies there as may, [`StoreError::Conflict`] of
/// [`OF_ONE_ACCOUNT`], [`StoreError::NotFound`] when what is taken does not lie there any more.
pub fn settle(settlement: Settlement, answer: Option<AnswerOf>, now: i64) -> Write<Heap> {
    Write::new(move |database| {
        // First: what a command took is not there when it comes again.
        if let Some((character, message_id, answer)) = answer {
            answers::insert(database, character, &message_id, &answer(&[]), now)?;
        }
        sheets::apply(database, &settlement, now)?.heap.ok_or(StoreError::NotFound)
    })
}

/// As of one moment: who is where, and what lies in these locations.
pub fn of_shard(members: Vec<CharacterId>, locations: Vec<LocationId>) -> Read<ShardRecord> {
    Read::new(move |database| {
        let last: Option<i64> =
            database.query_row("SELECT max(seq) FROM sqlite_sequence WHERE name = 'ground'", [], |row| {
                row.get(0)
            })?;
        let mut heaps = Vec::new();
        let mut lying = database.prepare_cached("SELECT * FROM ground WHERE location_id = ?1 ORDER BY id")?;
        for location in locations {
            for heap in lying.query_map([location.0], heap_of)? {
                heaps.push(heap?);
            }
        }
        Ok(ShardRecord {
            whereabouts: characters::last_places(database, &members)?,
            heaps,
            last_heap: GroundId(last.unwrap_or(0)),
        })
    })
}

/// Takes away what has lain for too long: answers with what it was, and where.
pub fn expire(now: i64) -> Write<Vec<Heap>> {
    Write::new(move |database| {
        let mut late = database
            .prepare_cached("SELECT * FROM ground WHERE expires_at <= ?1 ORDER BY expires_at, id LIMIT ?2")?;
        let late = late.query_map((now, i64::try_from(EXPIRED_AT_ONCE).unwrap_or(i64::MAX)), heap_of)?;
        let late: Vec<Heap> = late.collect::<Result<_, _>>()?;
        if late.is_empty() {
            return Ok(late);
        }
        let transfer = Transfer::begin(database, "expire", None, now)?;
        for heap in &late {
            lift(database, heap.id, &heap.asset)?;
            transfer.expire(heap)?;
        }
        Ok(late)
    })
}

/// Lays there what is given to nobody, or lifts what comes from nobody: one thing.
pub(crate) fn change(
    database: &Connection,
    ground: &Ground,
    movements: &[Movement],
    now: i64,
) -> Result<Heap, StoreError> {
    let [Movement { from, to, asset }] = movements else { return Err(StoreError::StaleSheet) };
    match (*ground, *from, to) {
        (Ground::Lay { spot, until_ms, most, most_each }, Some(by), None) => {
            room(database, spot.location, most, by, most_each)?;
            lay(database, spot, asset, by, now..until_ms)
        }
        (Ground::Lift(id), None, Some(_)) => lift(database, id, asset),
        _ => Err(StoreError::StaleSheet),
    }
}

fn room(
    database: &Connection,
    location: LocationId,
    most: u32,
    by: CharacterId,
    most_each: u32,
) -> Result<(), StoreError> {
    let there: u32 = database
        .prepare_cached("SELECT count(*) FROM ground WHERE location_id = ?1")?
        .query_row([location.0], |row| row.get(0))?;
    if there >= most {
        return Err(StoreError::TooMany);
    }
    let theirs: u32 = database
        .prepare_cached(
            "SELECT count(*) FROM ground WHERE dropped_by IN (
                 SELECT id FROM characters WHERE account_id = (SELECT account_id FROM characters WHERE id = ?1))",
        )?
        .query_row([by.0], |row| row.get(0))?;
    if theirs >= most_each {
        return Err(StoreError::Conflict(OF_ONE_ACCOUNT));
    }
    Ok(())
}

fn lay(
    database: &Connection,
    spot: Spot,
    asset: &Asset,
    by: CharacterId,
    lies: Range<i64>,
) -> Result<Heap, StoreError> {
    let (kind, serial, quantity) = parts(asset)?;
    let Position { x, y, z } = spot.position;
    database
        .prepare_cached(
            "INSERT INTO ground (location_id, x, y, z, kind, serial, quantity, dropped_at, expires_at, dropped_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![spot.location.0, x, y, z, kind, serial, quantity, lies.start, lies.end, by.0])?;
    Ok(Heap { id: GroundId(database.last_insert_rowid()), spot, asset: asset.clone() })
}

/// The one place that says who gets it: whoever takes the row away.
fn lift(database: &Connection, id: GroundId, asset: &Asset) -> Result<Heap, StoreError> {
    let (kind, serial, quantity) = parts(asset)?;
    database
        .prepare_cached(
            "DELETE FROM ground WHERE id = ?1 AND kind = ?2 AND serial IS ?3 AND quantity = ?4 RETURNING *",
        )?
        .query_row((id.0, kind, serial, quantity), heap_of)
        .optional()?
        .ok_or(StoreError::NotFound)
}

fn parts(asset: &Asset) -> Result<(&str, Option<i64>, i64), StoreError> {
    match asset {
        Asset::Item { id, kind } => Ok((kind, Some(id.0), 1)),
        Asset::Stack { kind, quantity } => Ok((kind, None, *quantity)),
        // Souls are nothing that lies around, and what is not there yet can't.
        Asset::Souls(_) | Asset::NewItem { .. } => Err(StoreError::StaleSheet),
    }
}

fn heap_of(row: &Row) -> rusqlite::Result<Heap> {
    let kind = row.get("kind")?;
    let asset = match row.get::<_, Option<i64>>("serial")? {
        Some(serial) => Asset::Item { id: ItemId(serial), kind },
        None => Asset::Stack { kind, quantity: row.get("quantity")? },
    };
    let position = Position { x: row.get("x")?, y: row.get("y")?, z: row.get("z")? };
    let spot = Spot { location: LocationId(row.get("location_id")?), position };
    Ok(Heap { id: GroundId(row.get("id")?), spot, asset })
}
