//! The world's row, its shards and events.

use std::collections::BTreeMap;

use protocol::ids::{CombatId, CrystalShardId};
use rules::realm::{Holding, RealmRecord};
use rules::venue::{NewEvent, RealmSave, Save, ShardChange};

use super::Disk;
use crate::world::{World, faction_counts, history, realm, recent, record, seed, shards, world};
use crate::{StoreError, Write, saves};

#[test]
fn a_new_world_is_neutral() {
    let disk = Disk::new();
    let store = disk.inline();
    let neutral =
        World { current_reality: "Neutral".to_owned(), reality_stability: 100.0, total_aetherfalls: 0 };
    assert_eq!(store.read(world()).wait(), Ok(neutral));
}

#[test]
fn seeding_again_keeps_what_was_captured() {
    let disk = Disk::new();
    let store = disk.inline();
    let content = |ids: std::ops::RangeInclusive<i64>| {
        ids.map(|id| (CrystalShardId(id), format!("Shard {id}"))).collect()
    };
    store.write(seed(content(1..=2))).wait().unwrap();
    let capture = Write::new(|database| {
        let sql = "UPDATE crystal_shards SET owning_faction = 'Golden Order', captured_at = 9, status = 'controlled'
                   WHERE id = 2";
        Ok(database.execute(sql, [])?)
    });
    store.write(capture).wait().unwrap();
    store.write(seed(content(1..=3))).wait().unwrap();
    let rows = store.read(shards()).wait().unwrap();
    let owners: Vec<_> = rows.iter().map(|row| (row.id.0, row.owning_faction.as_deref())).collect();
    assert_eq!(owners, [(1, None), (2, Some("Golden Order")), (3, None)]);
    let counts = store.read(faction_counts()).wait().unwrap();
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [("Golden Order".to_owned(), 1)]);
}

#[test]
fn a_shard_changes_hands_once_an_epoch_and_history_keeps_it() {
    let disk = Disk::new();
    let store = disk.inline();
    let ann = super::account(&store, "Ann");
    let aria = super::character(&store, ann, "Aria");
    store.write(seed(vec![(CrystalShardId(1), "Phoenix Flame".to_owned())])).wait().unwrap();
    let combat: CombatId =
        serde_json::from_value("00000000-0000-4000-8000-000000000007".into()).expect("it is one");
    let change = |faction: Option<&str>, previous: Option<&str>, epoch| ShardChange {
        shard: CrystalShardId(1),
        faction: faction.map(str::to_owned),
        previous: previous.map(str::to_owned),
        by: faction.map(|_| aria),
        combat: faction.map(|_| combat),
        epoch,
    };
    let keep = |stability, changes, seals| {
        let reality = "Blood Realm".to_owned();
        let save = RealmSave { reality, stability, aetherfalls: 1, changes, seals };
        store.write(saves::apply(vec![Save::Realm(Box::new(save))], None, 9)).wait()
    };
    let save = |stability, change| keep(stability, vec![change], Vec::new());
    let seal = |sealed| keep(100, Vec::new(), vec![(CrystalShardId(1), sealed)]);
    let status = || store.read(shards()).wait().unwrap()[0].status.clone();
    let golden = Some("Golden Order");
    assert_eq!(save(90, change(golden, None, 1)), Ok(()));
    assert_eq!(save(80, change(Some("Shadowborn"), None, 1)), Err(StoreError::Conflict("shard")));
    let owner = golden.map(str::to_owned);
    let holding = Holding { owner, epoch: 1, taken_in: Some(combat), sealed: false };
    let record = RealmRecord {
        reality: "Blood Realm".to_owned(),
        stability: 90,
        aetherfalls: 1,
        shards: [(CrystalShardId(1), holding)].into(),
        contested: BTreeMap::new(),
    };
    assert_eq!(store.read(realm()).wait(), Ok(record), "nothing of the second is there");
    let row = &store.read(shards()).wait().unwrap()[0];
    assert_eq!((row.captured_by, row.captured_at, row.guardian_defeated), (Some(aria), Some(9), true));
    assert_eq!(row.status, "controlled");

    // A seal outlives an aetherfall, and says nothing of whose it is.
    seal(true).unwrap();
    assert_eq!(status(), "sealed");
    seal(false).unwrap();
    assert_eq!(status(), "controlled");
    seal(true).unwrap();
    assert_eq!(save(100, change(None, golden, 2)), Err(StoreError::Conflict("shard")), "each seal was one");
    assert_eq!(save(100, change(None, golden, 4)), Ok(()));
    assert_eq!(status(), "sealed");
    seal(false).unwrap();
    let row = &store.read(shards()).wait().unwrap()[0];
    assert_eq!((row.owning_faction.as_deref(), row.captured_by, row.guardian_defeated), (None, None, false));
    assert_eq!((row.status.as_str(), row.epoch), ("unclaimed", 4));
    let rows = store.read(history(CrystalShardId(1), 10)).wait().unwrap();
    let told: Vec<_> =
        rows.iter().map(|row| (row.faction.as_deref(), row.previous_faction.as_deref())).collect();
    assert_eq!(told, [(None, golden), (golden, None)]);
    assert_eq!(rows[1].captured_by_character_name.as_deref(), Some("Aria"));
    assert_eq!((rows[0].captured_by_character_id, rows[1].captured_by_character_id), (None, Some(aria)));
    assert_eq!(store.read(history(CrystalShardId(1), 1)).wait().unwrap().len(), 1);
}

#[test]
fn events_come_newest_first_and_never_more_than_a_hundred() {
    let disk = Disk::new();
    let store = disk.inline();
    let event = |event_type, at_ms| NewEvent {
        event_type,
        title: format!("At {at_ms}"),
        description: String::new(),
        faction: None,
        at_ms,
    };
    for now in 1..=101 {
        assert_eq!(store.write(record(event("announcement", now))).wait(), Ok(now));
    }
    let newest = store.read(recent(2)).wait().unwrap();
    assert_eq!(newest.iter().map(|event| event.id).collect::<Vec<_>>(), [101, 100]);
    assert_eq!(newest[0].timestamp, "1970-01-01T00:00:00.101Z");
    assert_eq!(store.read(recent(1000)).wait().unwrap().len(), 100);
    assert!(matches!(store.write(record(event("nonsense", 1))).wait(), Err(StoreError::Sql(_))));
}
