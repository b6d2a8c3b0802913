//! Sheets on disk: every change names what it is based on, and the ledger knows of it.

use std::sync::Arc;

use protocol::CharacterId;
use protocol::ids::ItemId;
use rules::content::Slot;
use rules::sheet::{Asset, Settlement, Sheet};
use rules::venue::Save;

use super::{Disk, account, character};
use crate::{Store, StoreError, answers, characters, saves, sheets};

/// Two characters that are played, with what they start with: items 1 and 2, and 3 and 4.
fn pair(store: &Store) -> (Sheet, Sheet) {
    let ann = account(store, "Ann");
    let take = |name| {
        let id = character(store, ann, name);
        store.write(characters::take(ann, id, 0)).wait().unwrap().sheet
    };
    (take("Aria"), take("Brom"))
}

fn potion(quantity: i64) -> Asset {
    Asset::Stack { kind: "health_potion".to_owned(), quantity }
}

fn item(id: i64, kind: &str) -> Asset {
    Asset::Item { id: ItemId(id), kind: kind.to_owned() }
}

/// Aria's longsword and 20 souls for Brom's potion.
fn exchange(aria: &Sheet, brom: &Sheet) -> Settlement {
    let (a, b) = (Some(aria.character_id), Some(brom.character_id));
    Settlement::new("trade", vec![aria.party(), brom.party()])
        .caused_by("trade:1".to_owned())
        .moving(a, b, item(1, "longsword"))
        .moving(a, b, Asset::Souls(20))
        .moving(b, a, potion(1))
}

fn settle(store: &Store, settlement: &Settlement) -> Result<Vec<ItemId>, StoreError> {
    store.write(sheets::settle(settlement.clone(), None, 5)).wait()
}

fn on_disk(store: &Store, sheet: &Sheet) -> Sheet {
    let mut now = store.write(sheets::retake(sheet.character_id, sheet.epoch)).wait().unwrap();
    now.version = sheet.version;
    now
}

#[test]
fn what_the_rules_say_is_what_is_on_disk() {
    let disk = Disk::new();
    let store = disk.inline();
    let (aria, brom) = pair(&store);
    assert_eq!((aria.items.len(), aria.stacks["health_potion"], aria.progression.souls), (2, 1, 120));
    let settlement = exchange(&aria, &brom);
    assert_eq!(settle(&store, &settlement), Ok(vec![]));
    for sheet in [aria, brom] {
        let expected = sheet.after(&settlement, None).unwrap();
        assert_eq!(expected.version, sheet.version + 1);
        assert_eq!(on_disk(&store, &expected), expected);
    }
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn one_stale_party_and_nothing_happens() {
    let disk = Disk::new();
    let store = disk.inline();
    let (aria, brom) = pair(&store);
    let wears = Settlement::new(
        "equip",
        vec![{
            let mut party = brom.party();
            party.wear.push((ItemId(3), Some(Slot::Weapon)));
            party
        }],
    );
    assert_eq!(settle(&store, &wears), Ok(vec![]));
    assert_eq!(settle(&store, &exchange(&aria, &brom)), Err(StoreError::StaleSheet));
    let newer = brom.after(&wears, None).unwrap();
    let mut stale = aria.clone();
    stale.epoch -= 1;
    assert_eq!(settle(&store, &exchange(&stale, &newer)), Err(StoreError::StaleEpoch));
    assert_eq!(on_disk(&store, &aria), aria);
    assert_eq!(on_disk(&store, &newer), newer);
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn a_deleted_character_gives_and_takes_nothing() {
    let disk = Disk::new();
    let store = disk.inline();
    let (aria, brom) = pair(&store);
    store.write(characters::delete(protocol::AccountId(1), brom.character_id, 9)).wait().unwrap();
    assert_eq!(settle(&store, &exchange(&aria, &brom)), Err(StoreError::StaleEpoch));
    assert_eq!(
        store.write(sheets::retake(brom.character_id, brom.epoch)).wait(),
        Err(StoreError::StaleEpoch)
    );
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn what_may_happen_once_happens_once() {
    let disk = Disk::new();
    let store = disk.inline();
    let (aria, brom) = pair(&store);
    let find = |store: &Store| store.read(sheets::is_settled("trade:1".to_owned())).wait();
    assert_eq!(find(&store), Ok(false));
    let first = exchange(&aria, &brom);
    assert_eq!(settle(&store, &first), Ok(vec![]));
    assert_eq!(find(&store), Ok(true));
    let again = Settlement::new("trade", vec![aria.after(&first, None).unwrap().party()])
        .caused_by("trade:1".to_owned())
        .moving(Some(aria.character_id), None, Asset::Souls(1));
    assert_eq!(settle(&store, &again), Err(StoreError::Conflict("cause")));
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn what_is_not_there_is_not_given() {
    let disk = Disk::new();
    let store = disk.inline();
    let (aria, brom) = pair(&store);
    let (a, b) = (Some(aria.character_id), Some(brom.character_id));
    let base = || Settlement::new("trade", vec![aria.party(), brom.party()]);
    for (wrong, expected) in [
        (base().moving(a, b, item(3, "longsword")), StoreError::StaleSheet),
        (base().moving(a, b, item(1, "crown")), StoreError::StaleSheet),
        (base().moving(None, b, item(1, "longsword")), StoreError::StaleSheet),
        (base().moving(a, b, potion(2)), StoreError::StaleSheet),
        (base().moving(a, Some(CharacterId(99)), potion(1)), StoreError::StaleSheet),
    ] {
        assert_eq!(settle(&store, &wrong), Err(expected), "{wrong:?}");
    }
    for wrong in [
        base().moving(a, b, Asset::Souls(121)),
        base().moving(None, a, Asset::Souls(protocol::ids::INTEGER_MAX)),
        base().moving(None, a, potion(protocol::ids::INTEGER_MAX)),
    ] {
        assert!(matches!(settle(&store, &wrong), Err(StoreError::Sql(_))), "{wrong:?}");
    }
    assert_eq!(on_disk(&store, &aria), aria);
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn new_items_have_new_serials_and_used_up_ones_are_nobodys() {
    let disk = Disk::new();
    let store = disk.inline();
    let (aria, _) = pair(&store);
    let a = Some(aria.character_id);
    let bought = Settlement::new("buy", vec![aria.party()])
        .moving(a, None, Asset::Souls(60))
        .moving(None, a, Asset::NewItem { kind: "oak_staff".to_owned() })
        .moving(None, a, Asset::NewItem { kind: "longbow".to_owned() });
    assert_eq!(settle(&store, &bought), Ok(vec![ItemId(5), ItemId(6)]));
    let mut owner = aria.after(&bought, None).unwrap();
    owner.receive(ItemId(5), "oak_staff".to_owned());
    owner.receive(ItemId(6), "longbow".to_owned());
    assert_eq!(on_disk(&store, &owner), owner);
    owner.version += 1;
    let sold = Settlement::new("sell", vec![owner.party()]).moving(a, None, item(5, "oak_staff"));
    assert_eq!(settle(&store, &sold), Ok(vec![]));
    assert_eq!(on_disk(&store, &owner).items.len(), 3);
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn a_venue_saves_it_with_the_answer_or_not_at_all() {
    let disk = Disk::new();
    let store = disk.inline();
    let (aria, brom) = pair(&store);
    let save = |settlement: &Settlement, id: &str| {
        let answer = (aria.character_id, id.to_owned(), "{}".to_owned());
        store
            .write(saves::apply(vec![Save::Settlement(Arc::new(settlement.clone()))], Some(answer), 5))
            .wait()
    };
    let settlement = exchange(&aria, &brom);
    assert_eq!(save(&settlement, "first"), Ok(()));
    assert_eq!(save(&settlement, "second"), Err(StoreError::StaleSheet));
    let kept = |id: &str| store.read(answers::find(aria.character_id, id.to_owned())).wait().unwrap();
    assert_eq!((kept("first").is_some(), kept("second")), (true, None));
}
