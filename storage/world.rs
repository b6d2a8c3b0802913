//! The world as a whole: its reality, its crystal shards, and what happened.

use std::collections::BTreeMap;

use protocol::CharacterId;
use protocol::ids::{CombatId, CrystalShardId};
use protocol::world::{ShardOwnership, WorldEvent};
use rules::realm::{Holding, RealmRecord};
use rules::venue::{NewEvent, RealmSave, ShardChange};
use rusqlite::Connection;

use crate::combats::named;
use crate::times::iso;
use crate::{Read, StoreError, Write};

/// The most events that one question gets.
pub const EVENTS_MAX: u32 = 100;

/// The world's one row.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    pub current_reality: String,
    /// 0 to 100.
    pub reality_stability: f64,
    pub total_aetherfalls: u32,
}

/// How a crystal shard stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardRow {
    pub id: CrystalShardId,
    pub owning_faction: Option<String>,
    pub captured_by: Option<CharacterId>,
    /// Unix milliseconds.
    pub captured_at: Option<i64>,
    pub guardian_defeated: bool,
    /// "unclaimed", "contested", "controlled", "sealed" or "lost".
    pub status: String,
    /// How often it has changed hands.
    pub epoch: i64,
    /// The combat by which it came into the hands that it is in.
    pub taken_in: Option<CombatId>,
}

impl ShardRow {
    /// As the rules know it.
    pub fn holding(&self) -> Holding {
        Holding {
            owner: self.owning_faction.clone(),
            epoch: self.epoch,
            taken_in: self.taken_in,
            sealed: self.status == "sealed",
        }
    }
}

pub fn world() -> Read<World> {
    Read::new(|database| {
        Ok(database
            .prepare_cached("SELECT current_reality, reality_stability, total_aetherfalls FROM world")?
            .query_row([], |row| {
                Ok(World {
                    current_reality: row.get(0)?,
                    reality_stability: row.get(1)?,
                    total_aetherfalls: row.get(2)?,
                })
            })?)
    })
}

/// Adds the shards that the content has and the world has not; those that are there keep their state.
pub fn seed(shards: Vec<(CrystalShardId, String)>) -> Write<()> {
    Write::new(move |database| {
        let mut insert = database.prepare_cached(
            "INSERT INTO crystal_shards (id, name) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        )?;
        for (id, name) in shards {
            insert.execute((id.0, name))?;
        }
        Ok(())
    })
}

/// All shards in order of id. Contested is what is fought for right now: no process has to be there to end that.
pub fn shards() -> Read<Vec<ShardRow>> {
    Read::new(|database| {
        let mut statement = database.prepare_cached(
            "SELECT *,
                 CASE WHEN status <> 'sealed' AND EXISTS (SELECT 1 FROM combats WHERE shard_id = crystal_shards.id)
                     THEN 'contested' ELSE status END AS status_now,
                 (SELECT combat_id FROM shard_history AS history WHERE history.shard_id = crystal_shards.id
                     ORDER BY history.id DESC LIMIT 1) AS taken_in
             FROM crystal_shards ORDER BY id",
        )?;
        let rows = statement.query_map([], |row| {
            let taken_in: Option<String> = row.get("taken_in")?;
            Ok(ShardRow {
                id: CrystalShardId(row.get("id")?),
                owning_faction: row.get("owning_faction")?,
                captured_by: row.get::<_, Option<i64>>("captured_by")?.map(CharacterId),
                captured_at: row.get("captured_at")?,
                guardian_defeated: row.get("guardian_defeated")?,
                status: row.get("status_now")?,
                epoch: row.get("epoch")?,
                taken_in: taken_in.and_then(|id| named(&id).ok()),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
}

/// The realm as its rules go on with it.
pub fn realm() -> Read<RealmRecord> {
    let (world, shards) = (world(), shards());
    Read::new(move |database| {
        let world = (world.step)(database)?;
        let shards = (shards.step)(database)?;
        let contested = crate::combats::contested(database)?;
        Ok(RealmRecord {
            reality: world.current_reality,
            // Between 0 and 100, whole, by a CHECK and by whoever writes it.
            stability: world.reality_stability as i32,
            aetherfalls: world.total_aetherfalls,
            shards: shards.iter().map(|row| (row.id, row.holding())).collect(),
            contested,
        })
    })
}

/// What is sealed stays sealed: an aetherfall releases it all the same.
///
/// # Errors
/// [`StoreError::Conflict`]`("shard")` when one of the shards has changed hands since.
pub(crate) fn keep(database: &Connection, save: &RealmSave, now: i64) -> Result<(), StoreError> {
    database
        .prepare_cached(
            "UPDATE world SET current_reality = ?1, reality_stability = ?2, total_aetherfalls = ?3",
        )?
        .execute((&save.reality, f64::from(save.stability), save.aetherfalls))?;
    for change in &save.changes {
        let ShardChange { shard, faction, previous, by, combat, epoch } = change;
        let held = faction.is_some();
        let changed = database
            .prepare_cached(
                "UPDATE crystal_shards SET owning_faction = ?2, captured_by = ?3, captured_at = ?4,
                     guardian_defeated = ?5, epoch = ?7,
                     status = CASE status WHEN 'sealed' THEN status ELSE ?6 END
                 WHERE id = ?1 AND epoch = ?7 - 1",
            )?
            .execute((
                shard.0,
                faction,
                by.map(|by| by.0),
                held.then_some(now),
                held,
                if held { "controlled" } else { "unclaimed" },
                epoch,
            ))?;
        if changed == 0 {
            return Err(StoreError::Conflict("shard"));
        }
        database
            .prepare_cached(
                "INSERT INTO shard_history
                     (shard_id, faction, previous_faction, character_id, combat_id, happened_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((shard.0, faction, previous, by.map(|by| by.0), combat.map(|id| id.to_string()), now))?;
    }
    for (shard, sealed) in &save.seals {
        database
            .prepare_cached(
                "UPDATE crystal_shards SET epoch = epoch + ?2, status = CASE
                     WHEN ?2 THEN 'sealed' WHEN owning_faction IS NULL THEN 'unclaimed' ELSE 'controlled' END
                 WHERE id = ?1",
            )?
            .execute((shard.0, sealed))?;
    }
    Ok(())
}

/// Who held a shard and when, the latest first; at most `limit` and never more than 100.
pub fn history(shard: CrystalShardId, limit: u32) -> Read<Vec<ShardOwnership>> {
    Read::new(move |database| {
        let mut statement = database.prepare_cached(
            "SELECT history.*, characters.name AS character_name FROM shard_history AS history
             LEFT JOIN characters ON characters.id = history.character_id
             WHERE shard_id = ?1 ORDER BY history.id DESC LIMIT ?2",
        )?;
        let rows = statement.query_map((shard.0, limit.min(EVENTS_MAX)), |row| {
            Ok(ShardOwnership {
                faction: row.get("faction")?,
                previous_faction: row.get("previous_faction")?,
                captured_by_character_id: row.get::<_, Option<i64>>("character_id")?.map(CharacterId),
                captured_by_character_name: row.get("character_name")?,
                timestamp: iso(row.get("happened_at")?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
}

/// How many shards each faction holds; those without are left out.
pub fn faction_counts() -> Read<BTreeMap<String, u32>> {
    Read::new(|database| {
        let mut statement = database.prepare_cached(
            "SELECT owning_faction, count(*) FROM crystal_shards
             WHERE owning_faction IS NOT NULL GROUP BY owning_faction",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
}

/// Remembers an event; answers with its id.
pub fn record(event: NewEvent) -> Write<i64> {
    Write::new(move |database| remember(database, &event))
}

/// The newest events first, at most `limit` and never more than 100.
pub fn recent(limit: u32) -> Read<Vec<WorldEvent>> {
    Read::new(move |database| {
        let mut statement =
            database.prepare_cached("SELECT * FROM world_events ORDER BY id DESC LIMIT ?1")?;
        let rows = statement.query_map([limit.min(EVENTS_MAX)], |row| {
            Ok(WorldEvent {
                id: row.get("id")?,
                event_type: row.get("event_type")?,
                title: row.get("title")?,
                description: row.get("description")?,
                timestamp: iso(row.get("happened_at")?),
                faction: row.get("faction")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
}

pub(crate) fn remember(database: &Connection, event: &NewEvent) -> Result<i64, StoreError> {
    database
        .prepare_cached(
            "INSERT INTO world_events (event_type, title, description, faction, happened_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((event.event_type, &event.title, &event.description, &event.faction, event.at_ms))?;
    Ok(database.last_insert_rowid())
}
