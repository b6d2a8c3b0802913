//! Whatever is settled, nothing comes from nowhere; what is locked stays where it is; a refusal changes nothing.

use std::collections::BTreeMap;

use proptest::prelude::{Just, Strategy, prop};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};
use protocol::characters::{Character, Progression, Resources, Stats};
use protocol::ids::{INTEGER_MAX, ItemId};
use protocol::{CharacterId, ErrorCode, LocationId};

use super::{Asset, Engagement, Goods, Movement, SLOTS_MAX, Settlement, Sheet};
use crate::Content;
use crate::content::Slot;

const POTION: &str = "health_potion";

/// Somebody with 100 souls, items `first` to `first + 2` (swords) and 5 potions.
pub(crate) fn sheet(id: i64, first: i64) -> Sheet {
    let character = Character {
        id: CharacterId(id),
        name: "Somebody".to_owned(),
        is_player: true,
        race: "Human".to_owned(),
        class: "Warrior".to_owned(),
        faction: "Golden Order".to_owned(),
        stats: Stats::default(),
        resources: Resources { health: 5, max_health: 100, ..Resources::default() },
        progression: Progression { level: 1, experience: 0, souls: 100 },
        location_id: LocationId(1),
        created_at: String::new(),
        updated_at: String::new(),
    };
    let mut sheet = Sheet::new(&character, 3, 7);
    for serial in first..first + 3 {
        sheet.receive(ItemId(serial), "longsword".to_owned());
    }
    sheet.stacks.insert(POTION.to_owned(), 5);
    sheet
}

fn sword(id: i64) -> Asset {
    Asset::Item { id: ItemId(id), kind: "longsword".to_owned() }
}

fn potions(quantity: i64) -> Asset {
    Asset::Stack { kind: POTION.to_owned(), quantity }
}

fn goods(items: &[i64], potions: i64, souls: i64) -> Goods {
    let stacks = if potions == 0 { BTreeMap::new() } else { BTreeMap::from([(POTION.to_owned(), potions)]) };
    Goods { items: items.iter().map(|id| ItemId(*id)).collect(), stacks, souls }
}

fn trade() -> Engagement {
    Engagement::Trade("t".to_owned())
}

/// What `of` gives away in one settlement of its own.
fn giving(of: &Sheet, asset: Asset) -> Settlement {
    Settlement::new("test", vec![of.party()]).moving(Some(of.character_id), None, asset)
}

fn code(of: &Sheet, settlement: &Settlement, by: Option<&Engagement>) -> Option<ErrorCode> {
    of.after(settlement, by).err().map(|refusal| refusal.code)
}

#[test]
fn what_lies_in_a_trade_can_be_used_by_the_trade_alone() {
    let mut anna = sheet(1, 10);
    anna.hold(&trade(), goods(&[10], 3, 60)).unwrap();
    for (asset, refusal) in [
        (sword(10), Some(ErrorCode::Locked)),
        (sword(11), None),
        (potions(3), Some(ErrorCode::NotEnough)),
        (potions(2), None),
        (Asset::Souls(41), Some(ErrorCode::NotEnough)),
        (Asset::Souls(40), None),
    ] {
        let settlement = giving(&anna, asset.clone());
        assert_eq!(code(&anna, &settlement, None), refusal, "{asset:?}");
        assert_eq!(code(&anna, &settlement, Some(&trade())), None, "{asset:?}");
    }
    let mut wear = Settlement::new("equip", vec![anna.party()]);
    wear.parties[0].wear.push((ItemId(10), Some(Slot::Weapon)));
    assert_eq!(code(&anna, &wear, None), Some(ErrorCode::Locked));
    let other = Engagement::Trade("u".to_owned());
    assert_eq!(anna.hold(&other, goods(&[10], 0, 0)).unwrap_err().code, ErrorCode::Locked);
    assert_eq!(anna.hold(&other, goods(&[], 3, 0)).unwrap_err().code, ErrorCode::NotEnough);
    assert_eq!(anna.hold(&other, goods(&[], 0, 41)).unwrap_err().code, ErrorCode::NotEnough);
    anna.hold(&other, goods(&[11], 2, 40)).unwrap();
    // An offer replaces the one before.
    anna.hold(&trade(), goods(&[12], 3, 60)).unwrap();
    assert!(!anna.is_locked(ItemId(10)) && anna.is_locked(ItemId(12)));
    anna.release(&trade());
    anna.release(&other);
    assert_eq!(anna, sheet(1, 10));
}

#[test]
fn a_frozen_sheet_is_changed_by_who_froze_it_alone() {
    let mut anna = sheet(1, 10);
    anna.hold(&trade(), goods(&[10], 0, 0)).unwrap();
    let reserved = anna.freeze(&trade()).unwrap();
    let settlement = giving(&anna, potions(1));
    assert_eq!(code(&anna, &settlement, None), Some(ErrorCode::Locked));
    let combat = Engagement::Combat("c".to_owned());
    assert_eq!(anna.freeze(&combat).unwrap_err().code, ErrorCode::Locked);
    assert_eq!(anna.hold(&combat, goods(&[], 0, 0)).unwrap_err().code, ErrorCode::Locked);
    // The venue goes on with what it settled, and the owner comes to the same.
    let settled = reserved.sheet().after(&settlement, Some(&trade()));
    assert_eq!(settled, anna.after(&settlement, Some(&trade())));
    assert!(settled.is_ok(), "{settled:?}");
    anna.thaw(&combat);
    assert!(anna.is_frozen_by(&trade()));
    anna.thaw(&trade());
    assert_eq!(code(&anna, &settlement, None), None);
    assert!(anna.is_locked(ItemId(10)), "the offer stands");
}

#[test]
fn one_thing_is_worn_in_a_slot_and_what_is_worn_is_not_given_away() {
    let anna = sheet(1, 10);
    let wear = |of: &Sheet, changes: &[(i64, Option<Slot>)]| {
        let mut settlement = Settlement::new("equip", vec![of.party()]);
        settlement.parties[0].wear = changes.iter().map(|(id, slot)| (ItemId(*id), *slot)).collect();
        of.after(&settlement, None)
    };
    let armed = wear(&anna, &[(10, Some(Slot::Weapon))]).unwrap();
    assert_eq!(armed.worn(Slot::Weapon), Some(ItemId(10)));
    assert_eq!(code(&armed, &giving(&armed, sword(10)), None), Some(ErrorCode::Conflict));
    assert_eq!(armed.clone().hold(&trade(), goods(&[10], 0, 0)).unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(wear(&armed, &[(11, Some(Slot::Weapon))]).unwrap_err().code, ErrorCode::Conflict);
    let swapped = wear(&armed, &[(10, None), (11, Some(Slot::Weapon))]).unwrap();
    assert_eq!(swapped.worn(Slot::Weapon), Some(ItemId(11)));
    assert_eq!(wear(&anna, &[(99, Some(Slot::Weapon))]).unwrap_err().code, ErrorCode::NotFound);
}

#[test]
fn there_is_room_for_so_much_and_for_numbers_that_json_keeps() {
    let mut anna = sheet(1, 10);
    let taking = |of: &Sheet, asset: Asset| {
        Settlement::new("test", vec![of.party()]).moving(None, Some(of.character_id), asset)
    };
    let new_item = || Asset::NewItem { kind: "longbow".to_owned() };
    for serial in 100..100 + (SLOTS_MAX - anna.slots_used()) as i64 {
        assert_eq!(code(&anna, &taking(&anna, new_item()), None), None);
        anna.receive(ItemId(serial), "longbow".to_owned());
    }
    assert_eq!(code(&anna, &taking(&anna, new_item()), None), Some(ErrorCode::InventoryFull));
    assert_eq!(code(&anna, &taking(&anna, sword(1)), None), Some(ErrorCode::InventoryFull));
    assert_eq!(code(&anna, &taking(&anna, potions(1)), None), None, "more of the same takes no room");
    let exchange = taking(&anna, new_item()).moving(Some(CharacterId(1)), None, sword(10));
    assert_eq!(code(&anna, &exchange, None), None, "one goes, one comes");
    for (asset, refusal) in [
        (Asset::Souls(INTEGER_MAX - 100), None),
        (Asset::Souls(INTEGER_MAX - 99), Some(ErrorCode::Conflict)),
        (Asset::Souls(i64::MAX), Some(ErrorCode::Conflict)),
        (Asset::Souls(0), Some(ErrorCode::Invalid)),
        (Asset::Souls(-1), Some(ErrorCode::Invalid)),
        (potions(INTEGER_MAX), Some(ErrorCode::Conflict)),
    ] {
        assert_eq!(code(&anna, &taking(&anna, asset.clone()), None), refusal, "{asset:?}");
    }
    assert_eq!(code(&anna, &giving(&anna, Asset::Souls(-1)), None), Some(ErrorCode::Invalid));
    assert_eq!(code(&anna, &giving(&anna, potions(-1)), None), Some(ErrorCode::Invalid));
}

#[test]
fn experience_brings_levels_and_only_what_is_settled_counts() {
    let content = Content::builtin();
    let anna = sheet(1, 10);
    let class = content.class(&anna.class).unwrap();
    let mut settlement = Settlement::new("reward", vec![anna.party()]);
    settlement.parties[0].growth = Some(anna.grown(class, 300).unwrap());
    let grown = anna.after(&settlement, None).unwrap();
    assert_eq!((grown.progression.level, grown.progression.experience), (3, 300));
    assert_eq!((grown.resources.health, grown.resources.max_health), (120, 120));
    assert_eq!((grown.progression.souls, grown.version), (100, anna.version + 1));
    assert_eq!(code(&grown, &settlement, None), Some(ErrorCode::Conflict), "it is not what it was any more");
    assert!(anna.grown(class, -1).is_err());
}

fn asset() -> impl Strategy<Value = Asset> {
    prop_oneof![
        prop_oneof![-1..200_i64, Just(INTEGER_MAX)].prop_map(Asset::Souls),
        prop_oneof![-1..8_i64, Just(INTEGER_MAX)].prop_map(potions),
        (9..24_i64).prop_map(sword),
    ]
}

fn movement() -> impl Strategy<Value = Movement> {
    let (one, two) = (Some(CharacterId(1)), Some(CharacterId(2)));
    let ways = prop::sample::select(vec![(one, two), (two, one), (one, None), (two, one)]);
    (ways, asset()).prop_map(|((from, to), asset)| Movement { from, to, asset })
}

/// Souls, potions and serials of both, and what has gone to the world.
fn wealth(of: &[&Sheet], gone: &[Movement]) -> (i128, i128, Vec<ItemId>) {
    let mut all = (0, 0, Vec::new());
    for sheet in of {
        all.0 += i128::from(sheet.progression.souls);
        all.1 += i128::from(sheet.stacks.get(POTION).copied().unwrap_or(0));
        all.2.extend(sheet.items.keys());
    }
    for movement in gone.iter().filter(|movement| movement.to.is_none()) {
        match &movement.asset {
            Asset::Souls(souls) => all.0 += i128::from(*souls),
            Asset::Stack { quantity, .. } => all.1 += i128::from(*quantity),
            Asset::Item { id, .. } => all.2.push(*id),
            Asset::NewItem { .. } => {}
        }
    }
    all.2.sort_unstable();
    all
}

proptest! {
    #[test]
    fn whatever_both_agree_to_nothing_comes_from_nowhere_and_nothing_is_lost(
        movements in prop::collection::vec(movement(), 1..6),
        held in (0..6_i64, 0..120_i64),
    ) {
        let (mut one, two) = (sheet(1, 10), sheet(2, 20));
        let other = Engagement::Trade("other".to_owned());
        let locked = one.hold(&other, goods(&[10], held.0, held.1)).is_ok();
        let settlement = Settlement { movements, ..Settlement::new("test", vec![one.party(), two.party()]) };
        let before = (one.clone(), two.clone());
        if let (Ok(after_one), Ok(after_two)) = (one.after(&settlement, Some(&trade())), two.after(&settlement, None)) {
            prop_assert_eq!(
                wealth(&[&after_one, &after_two], &settlement.movements),
                wealth(&[&one, &two], &[])
            );
            prop_assert!(after_one.progression.souls >= 0 && after_two.progression.souls >= 0);
            prop_assert!(after_one.stacks.values().chain(after_two.stacks.values()).all(|many| *many > 0));
            if locked {
                prop_assert!(after_one.items.contains_key(&ItemId(10)));
                prop_assert!(after_one.progression.souls >= held.1);
                prop_assert!(after_one.available(POTION, None) >= 0);
            }
        }
        prop_assert_eq!((one, two), before);
    }
}
