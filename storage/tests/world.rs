//! The world's row, its shards and events.

use protocol::ids::CrystalShardId;
use rules::venue::NewEvent;

use super::Disk;
use crate::world::{World, faction_counts, recent, record, seed, shards, world};
use crate::{StoreError, Write};

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
