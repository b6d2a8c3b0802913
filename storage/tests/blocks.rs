//! Block lists on disk, and databases that were made before there were any.

use protocol::{AccountId, CharacterId};
use rusqlite::Connection;

use super::Disk;
use crate::blocks::{Named, add, blocks, list, remove};
use crate::{Store, StoreError, accounts, characters};

fn names(store: &Store, account: AccountId) -> Vec<String> {
    let blocked = store.read(list(account)).wait().unwrap();
    blocked.into_iter().map(|blocked| blocked.character_name).collect()
}

fn stands(store: &Store, account: AccountId, other: AccountId) -> bool {
    store.read(blocks(account, other)).wait().unwrap()
}

#[test]
fn who_is_blocked_is_so_with_all_characters_until_none_of_them_is() {
    let disk = Disk::new();
    let store = disk.inline();
    let [ann, bob, cid] = ["Ann", "Bob", "Cid"].map(|name| super::account(&store, name));
    let aria = super::character(&store, ann, "Aria");
    let [bela, boris] = ["Bela", "Boris"].map(|name| super::character(&store, bob, name));
    let cora = super::character(&store, cid, "Cora");
    let block = |whom, most, now| store.write(add(ann, whom, most, now)).wait();
    let unblock = |whom| store.write(remove(ann, whom)).wait();
    assert_eq!(block(Named::Id(bela), 2, 10).as_deref(), Ok("Bela"));
    assert!(stands(&store, ann, bob) && !stands(&store, bob, ann) && !stands(&store, ann, cid));
    assert_eq!(block(Named::Key("boris".to_owned()), 2, 20).as_deref(), Ok("Boris"));
    // Once more is no third one, and changes nothing.
    assert_eq!(block(Named::Id(bela), 2, 30).as_deref(), Ok("Bela"));
    assert_eq!(block(Named::Id(cora), 2, 30), Err(StoreError::TooMany));
    assert_eq!(block(Named::Id(aria), 3, 30), Err(StoreError::Conflict("self")));
    assert_eq!(block(Named::Id(CharacterId(99)), 3, 30), Err(StoreError::NotFound));
    let listed = store.read(list(ann)).wait().unwrap();
    let listed: Vec<_> = listed.iter().map(|blocked| (blocked.character_id, blocked.blocked_at)).collect();
    assert_eq!(listed, [(bela, 0.01), (boris, 0.02)]);
    // A deleted one stays listed, and its account blocked.
    store.write(characters::delete(bob, bela, 40)).wait().unwrap();
    assert_eq!(block(Named::Id(bela), 3, 50), Err(StoreError::NotFound));
    assert_eq!(unblock(Named::Key("boris".to_owned())).as_deref(), Ok("Boris"));
    assert!(stands(&store, ann, bob));
    assert_eq!(unblock(Named::Id(bela)).as_deref(), Ok("Bela"));
    assert_eq!(unblock(Named::Id(bela)), Err(StoreError::NotFound));
    assert!(!stands(&store, ann, bob) && names(&store, ann).is_empty());
    // Whoever leaves takes his list along.
    block(Named::Id(cora), 2, 60).unwrap();
    store.write(accounts::delete(ann, 70)).wait().unwrap();
    assert!(names(&store, ann).is_empty());
}

#[test]
fn a_database_of_the_first_version_is_brought_here_with_everything_in_it() {
    let disk = Disk::new();
    let before = include_str!("../migrations/001.sql");
    {
        let old = Connection::open(disk.path()).unwrap();
        old.pragma_update(None, "journal_mode", "WAL").unwrap();
        old.execute_batch(before).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        old.execute_batch(
            "INSERT INTO accounts (username, username_key, created_at) VALUES ('Ann', 'ann', 1), ('Bob', 'bob', 1);
             INSERT INTO characters (account_id, name, name_key, race, class, faction, strength, dexterity,
                 intelligence, constitution, wisdom, charisma, health, max_health, stamina, max_stamina, mana,
                 max_mana, level, experience, souls, location_id, x, y, z, epoch, created_at, updated_at)
             VALUES (1, 'Aria', 'aria', 'Elf', 'Rogue', 'Golden Order', 8, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 9, 2, 5,
                 50, 1, 0, 0, 0, 7, 1, 1),
                 (2, 'Bela', 'bela', 'Elf', 'Rogue', 'Golden Order', 8, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 9, 1, 0,
                 0, 1, 0, 0, 0, 0, 1, 1);
             INSERT INTO transfers (reason, cause, made_at) VALUES ('gift', 'once', 1);
             INSERT INTO items (kind, owner_id, created_at) VALUES ('longsword', 1, 1);
             INSERT INTO ledger (transfer_id, holder_id, asset, serial, delta)
             VALUES (1, 1, 'souls', NULL, 50), (1, NULL, 'souls', NULL, -50),
                 (1, 1, 'longsword', 1, 1), (1, NULL, 'longsword', 1, -1);",
        )
        .unwrap();
    }
    for start in 0..2 {
        let store = disk.inline();
        let [ann, bob] = [AccountId(1), AccountId(2)];
        let aria = store.read(characters::list(ann)).wait().unwrap().remove(0);
        assert_eq!((aria.name.as_str(), aria.progression.souls), ("Aria", 50));
        assert_eq!(stands(&store, ann, bob), start > 0, "what is new is there, and stays");
        store.write(add(ann, Named::Key("bela".to_owned()), 200, 5)).wait().unwrap();
        store.close();
        assert_eq!(disk.problems(), Vec::<String>::new());
        let version: i64 = Connection::open(disk.path())
            .unwrap()
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, crate::migrate::LATEST);
    }
}
