//! The ground on disk: whoever takes the row away has the thing, and the audit finds every serial and every count.

use protocol::LocationId;
use protocol::ids::{GroundId, ItemId};
use protocol::movement::Position;
use rules::ground::Heap;
use rules::sheet::{Asset, Ground, Settlement, Sheet, Spot};
use rusqlite::Connection;

use super::{Disk, account, character};
use crate::{Driver, Options, Store, StoreError, Write, answers, characters, ground, sheets};

const HERE: Spot = Spot { location: LocationId(1), position: Position { x: 2.5, y: -1.0, z: 0.0 } };

fn played(store: &Store, name: &str) -> Sheet {
    let account = account(store, name);
    let id = character(store, account, name);
    store.write(characters::take(account, id, 0)).wait().unwrap().sheet
}

fn sword() -> Asset {
    Asset::Item { id: ItemId(1), kind: "longsword".to_owned() }
}

fn potion() -> Asset {
    Asset::Stack { kind: "health_potion".to_owned(), quantity: 1 }
}

fn laying(of: &Sheet, asset: Asset, most: u32) -> Settlement {
    Settlement::new("drop", vec![of.party()])
        .moving(Some(of.character_id), None, asset)
        .on_ground(Ground::Lay { spot: HERE, until_ms: 1_000, most, most_each: 50 })
}

fn lifting(of: &Sheet, heap: &Heap) -> Settlement {
    Settlement::new("pickup", vec![of.party()])
        .moving(None, Some(of.character_id), heap.asset.clone())
        .on_ground(Ground::Lift(heap.id))
}

/// Settles it on disk and in memory.
fn settle(store: &Store, sheet: &mut Sheet, settlement: Settlement) -> Result<Heap, StoreError> {
    let after = sheet.after(&settlement, None).unwrap();
    let heap = store.write(ground::settle(settlement, None, 5)).wait()?;
    *sheet = after;
    Ok(heap)
}

fn lay(store: &Store, sheet: &mut Sheet, asset: Asset) -> Heap {
    let settlement = laying(sheet, asset, 50);
    settle(store, sheet, settlement).unwrap()
}

fn on_disk(store: &Store, sheet: &Sheet) -> Sheet {
    store.read(sheets::load(sheet.character_id)).wait().unwrap().unwrap()
}

fn lying(store: &Store) -> (Vec<Heap>, GroundId) {
    let record = store.read(ground::of_shard(Vec::new(), vec![LocationId(1), LocationId(2)])).wait().unwrap();
    (record.heaps, record.last_heap)
}

#[test]
fn what_is_laid_down_and_picked_up_is_always_somewhere() {
    let disk = Disk::new();
    let store = disk.inline();
    let [mut aria, mut brom] = ["Aria", "Brom"].map(|name| played(&store, name));
    assert_eq!(lying(&store), (Vec::new(), GroundId(0)));
    let heaps = [lay(&store, &mut aria, sword()), lay(&store, &mut aria, potion())];
    assert_eq!(lying(&store), (heaps.to_vec(), heaps[1].id));
    assert_eq!(on_disk(&store, &aria), aria);
    assert_eq!(disk.problems(), Vec::<String>::new());
    for heap in &heaps {
        let lift = lifting(&brom, heap);
        assert_eq!(settle(&store, &mut brom, lift).as_ref(), Ok(heap));
    }
    assert_eq!((on_disk(&store, &brom), brom.stacks["health_potion"]), (brom.clone(), 2));
    assert_eq!(lying(&store), (Vec::new(), heaps[1].id));
    // An id is never used twice.
    assert!(lay(&store, &mut brom, potion()).id > heaps[1].id);
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn of_two_who_take_it_one_has_it_and_the_other_has_changed_nothing() {
    let disk = Disk::new();
    let store = Store::open(Options::new(disk.path())).unwrap();
    let [mut aria, brom, cora] = ["Aria", "Brom", "Cora"].map(|name| played(&store, name));
    for asset in [sword(), potion()] {
        let heap = lay(&store, &mut aria, asset);
        let others = [on_disk(&store, &brom), on_disk(&store, &cora)];
        let lifts = others.each_ref().map(|who| store.write(ground::settle(lifting(who, &heap), None, 5)));
        let [first, second] = lifts.map(crate::Pending::wait);
        assert_eq!(first.as_ref(), Ok(&heap));
        assert_eq!(second, Err(StoreError::NotFound));
        assert_eq!(on_disk(&store, &cora), others[1]);
        assert_eq!(disk.problems(), Vec::<String>::new());
    }
}

#[test]
fn no_more_lies_in_one_place_than_may() {
    let disk = Disk::new();
    let store = disk.inline();
    let mut aria = played(&store, "Aria");
    lay(&store, &mut aria, sword());
    let one_too_many = laying(&aria, potion(), 1);
    assert_eq!(settle(&store, &mut aria, one_too_many), Err(StoreError::TooMany));
    assert_eq!(on_disk(&store, &aria), aria);
    let elsewhere = Spot { location: LocationId(2), ..HERE };
    let there = laying(&aria, potion(), 1).on_ground(Ground::Lay {
        spot: elsewhere,
        until_ms: 9,
        most: 1,
        most_each: 50,
    });
    settle(&store, &mut aria, there).unwrap();
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn what_is_not_there_is_not_laid_down_and_what_is_something_else_is_not_lifted() {
    let disk = Disk::new();
    let store = disk.inline();
    let [mut aria, brom] = ["Aria", "Brom"].map(|name| played(&store, name));
    let heap = lay(&store, &mut aria, potion());
    let more = Asset::Stack { kind: "health_potion".to_owned(), quantity: 2 };
    let write = |settlement: Settlement| store.write(ground::settle(settlement, None, 5)).wait();
    for (settlement, error) in [
        (lifting(&brom, &Heap { asset: more.clone(), ..heap.clone() }), StoreError::NotFound),
        (lifting(&brom, &Heap { asset: sword(), ..heap.clone() }), StoreError::NotFound),
        (lifting(&brom, &Heap { id: GroundId(99), ..heap.clone() }), StoreError::NotFound),
        (laying(&brom, more, 50), StoreError::StaleSheet),
        (laying(&brom, sword(), 50), StoreError::StaleSheet),
        (laying(&brom, Asset::Souls(1), 50), StoreError::StaleSheet),
        (laying(&brom, potion(), 50).moving(Some(brom.character_id), None, potion()), StoreError::StaleSheet),
        (Settlement::new("drop", vec![brom.party()]), StoreError::NotFound),
    ] {
        assert_eq!(write(settlement.clone()), Err(error), "{settlement:?}");
    }
    let mut stale = brom.clone();
    stale.epoch -= 1;
    assert_eq!(write(lifting(&stale, &heap)), Err(StoreError::StaleEpoch));
    assert_eq!((on_disk(&store, &brom), lying(&store).0), (brom, vec![heap]));
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn a_command_that_comes_again_finds_its_answer_and_not_an_empty_place() {
    let disk = Disk::new();
    let store = disk.inline();
    let [mut aria, brom] = ["Aria", "Brom"].map(|name| played(&store, name));
    let heap = lay(&store, &mut aria, sword());
    let lift = |who: &Sheet| {
        let answer: sheets::AnswerOf = (who.character_id, "mine".to_owned(), Box::new(|_| "{}".to_owned()));
        store.write(ground::settle(lifting(who, &heap), Some(answer), 5)).wait()
    };
    lift(&brom).unwrap();
    assert_eq!(lift(&on_disk(&store, &brom)), Err(StoreError::Conflict("message_id")));
    assert_eq!(lift(&aria), Err(StoreError::NotFound));
    let kept = |who: &Sheet| store.read(answers::find(who.character_id, "mine".to_owned())).wait().unwrap();
    assert_eq!((kept(&brom).is_some(), kept(&aria)), (true, None));
}

#[test]
fn what_lay_for_too_long_is_gone_with_its_entries() {
    let disk = Disk::new();
    let store = disk.inline();
    let [mut aria, brom] = ["Aria", "Brom"].map(|name| played(&store, name));
    let heaps = [lay(&store, &mut aria, sword()), lay(&store, &mut aria, potion())];
    let later = laying(&aria, Asset::Item { id: ItemId(2), kind: "shield".to_owned() }, 50)
        .on_ground(Ground::Lay { spot: HERE, until_ms: 1_001, most: 50, most_each: 50 });
    let later = settle(&store, &mut aria, later).unwrap();
    let expire = |now| store.write(ground::expire(now)).wait().unwrap();
    assert_eq!(expire(999), []);
    assert_eq!(expire(1_000), heaps);
    assert_eq!(lying(&store).0, [later]);
    for heap in &heaps {
        assert_eq!(
            store.write(ground::settle(lifting(&brom, heap), None, 5)).wait(),
            Err(StoreError::NotFound)
        );
    }
    assert_eq!(disk.problems(), Vec::<String>::new());
    let report = crate::audit::check(&disk.path()).unwrap();
    assert_eq!((report.lying, report.items), (1, 2));
}

#[test]
fn what_lies_there_outlives_the_process_and_a_failed_commit_leaves_all_as_it_was() {
    let disk = Disk::new();
    let (aria, heap) = {
        let store = disk.inline();
        let mut aria = played(&store, "Aria");
        let heap = lay(&store, &mut aria, sword());
        store.fail_next_commit();
        assert!(store.write(ground::settle(lifting(&aria, &heap), None, 5)).wait().is_err());
        store.close();
        (aria, heap)
    };
    let driver = Driver::Inline { seed: 1, delay_ms_max: 0 };
    let store = Store::open(Options { driver, ..Options::new(disk.path()) }).unwrap();
    assert_eq!((on_disk(&store, &aria), lying(&store).0), (aria.clone(), vec![heap.clone()]));
    store.write(ground::settle(lifting(&aria, &heap), None, 5)).wait().unwrap();
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn the_audit_names_what_is_wrong_with_the_ground() {
    for (tampering, expected) in [
        (
            "DELETE FROM ground WHERE id = 1",
            "item 1 is entered as held by the ground (1), its owner is nobody",
        ),
        ("DELETE FROM ground WHERE id = 2", "the ground (2) has 0 health_potion, the ledger says 1"),
        (
            "UPDATE ground SET quantity = 2 WHERE id = 2",
            "2 health_potion lie on the ground (2), the ledger says 1",
        ),
        ("UPDATE ground SET kind = 'crown' WHERE id = 1", "item 1 lies on the ground (1) as a crown"),
        (
            "UPDATE items SET owner_id = 1 WHERE serial = 1",
            "item 1 (longsword) lies on the ground (1), and character 1",
        ),
        (
            "UPDATE ground SET serial = 2 WHERE id = 1",
            "item 2 (shield) lies on the ground (1), and character 1 has it",
        ),
        (
            "INSERT INTO ground (location_id, x, y, z, kind, quantity, dropped_at, expires_at)
             VALUES (1, 0, 0, 0, 'arrow', 20, 1, 2)",
            "20 arrow lie on the ground (3), the ledger says 0",
        ),
    ] {
        let disk = Disk::new();
        let store = disk.inline();
        let mut aria = played(&store, "Aria");
        lay(&store, &mut aria, sword());
        lay(&store, &mut aria, potion());
        assert_eq!(disk.problems(), Vec::<String>::new());
        store.write(Write::new(|database| Ok(database.execute(tampering, [])?))).wait().unwrap();
        let problems = disk.problems();
        assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{tampering}: {problems:?}");
    }
}

#[test]
fn a_database_of_before_there_was_a_ground_keeps_its_books() {
    let disk = Disk::new();
    let mut old = Connection::open(disk.path()).unwrap();
    old.pragma_update(None, "journal_mode", "WAL").unwrap();
    let begun = old.transaction().unwrap();
    for step in [include_str!("../migrations/001.sql"), include_str!("../migrations/002.sql")] {
        begun.execute_batch(step).unwrap();
    }
    begun
        .execute_batch(
            "INSERT INTO accounts (username, username_key, created_at) VALUES ('Ann', 'ann', 1);
             INSERT INTO characters (account_id, name, name_key, race, class, faction, strength, dexterity, intelligence,
                 constitution, wisdom, charisma, health, max_health, stamina, max_stamina, mana, max_mana, level,
                 experience, souls, location_id, x, y, z, created_at, updated_at)
             VALUES (1, 'Aria', 'aria', 'Human', 'Warrior', 'Golden Order', 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0,
                 1, 0, 0, 0, 1, 1);
             INSERT INTO items (kind, owner_id, created_at) VALUES ('longsword', 1, 1), ('shield', NULL, 1);
             INSERT INTO transfers (reason, made_at) VALUES ('creation', 1), ('sell', 1);
             INSERT INTO ledger (transfer_id, holder_id, asset, serial, delta) VALUES
                 (1, NULL, 'longsword', 1, -1), (1, 1, 'longsword', 1, 1), (1, NULL, 'shield', 2, -1),
                 (1, 1, 'shield', 2, 1), (2, 1, 'shield', 2, -1), (2, NULL, 'shield', 2, 1);",
        )
        .unwrap();
    begun.pragma_update(None, "user_version", 2).unwrap();
    begun.commit().unwrap();
    drop(old);
    let store = disk.inline();
    assert_eq!(disk.problems(), Vec::<String>::new());
    let mut aria = store
        .write(characters::take(protocol::AccountId(1), protocol::CharacterId(1), 2))
        .wait()
        .unwrap()
        .sheet;
    let heap = lay(&store, &mut aria, sword());
    assert_eq!(lying(&store), (vec![heap], GroundId(1)));
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn no_more_of_one_account_lies_anywhere_than_may() {
    let disk = Disk::new();
    let store = disk.inline();
    let owner = account(&store, "owner");
    let [mut aria, mut anna] = ["Aria", "Anna"].map(|name| {
        let id = character(&store, owner, name);
        store.write(characters::take(owner, id, 0)).wait().unwrap().sheet
    });
    let mut brom = played(&store, "Brom");
    let elsewhere = Spot { location: LocationId(2), ..HERE };
    let second = |of: &Sheet| {
        laying(of, potion(), 1).on_ground(Ground::Lay {
            spot: elsewhere,
            until_ms: 9,
            most: 50,
            most_each: 1,
        })
    };
    let heap = lay(&store, &mut aria, potion());
    let too_many = second(&anna);
    let of_one_account = Err(StoreError::Conflict(ground::OF_ONE_ACCOUNT));
    assert_eq!(settle(&store, &mut anna, too_many), of_one_account);
    assert_eq!(on_disk(&store, &anna), anna);
    let others = second(&brom);
    settle(&store, &mut brom, others).unwrap();
    let lift = lifting(&aria, &heap);
    settle(&store, &mut aria, lift).unwrap();
    let now_there_is_room = second(&anna);
    settle(&store, &mut anna, now_there_is_room).unwrap();
    assert_eq!(disk.problems(), Vec::<String>::new());
}
