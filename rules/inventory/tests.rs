//! Prices, clothes and potions: tables, and that no way of trading with a vendor makes souls.

use proptest::prelude::prop;
use proptest::{prop_assert, proptest};
use protocol::ids::ItemId;
use protocol::inventory::{Buy, SomeOf};
use protocol::{ErrorCode, LocationId, Text};

use super::{buy, equip, inventory, sell, unequip, update, use_up, wares};
use crate::content::{Content, Slot};
use crate::sheet::{SLOTS_MAX, Settlement, Sheet};
use crate::{Refusal, sheet};

fn sheet() -> Sheet {
    let mut sheet = sheet::tests::sheet(1, 10);
    sheet.receive(ItemId(20), "chainmail".to_owned());
    sheet.receive(ItemId(21), "relic".to_owned());
    sheet
}

fn some(kind: &str, quantity: u32) -> SomeOf {
    SomeOf { item_id: None, kind: Text::new(kind).ok(), quantity: Some(quantity) }
}

fn item(id: i64) -> SomeOf {
    SomeOf { item_id: Some(ItemId(id)), kind: None, quantity: None }
}

fn goods(kind: &str, quantity: u32) -> Buy {
    Buy { kind: Text::new(kind).unwrap(), quantity: Some(quantity) }
}

/// The sheet afterwards, or the code of what says no.
fn done(sheet: &Sheet, settlement: Result<Settlement, Refusal>) -> Result<Sheet, ErrorCode> {
    settlement.and_then(|settlement| sheet.after(&settlement, None)).map_err(|refusal| refusal.code)
}

#[test]
fn clothes_are_put_on_instead_of_others() {
    let (content, anna) = (Content::builtin(), sheet());
    let armed = done(&anna, equip(&anna, &content, ItemId(10))).unwrap();
    let again = done(&armed, equip(&armed, &content, ItemId(11))).unwrap();
    assert_eq!((again.worn(Slot::Weapon), again.worn(Slot::Armor)), (Some(ItemId(11)), None));
    let dressed = done(&again, equip(&again, &content, ItemId(20))).unwrap();
    let told = update(&again, &dressed, &content, "equip");
    assert_eq!((told.items.len(), told.items[0].equipped, told.gone.len()), (1, true, 0));
    let bare = done(&dressed, unequip(&dressed, ItemId(20))).unwrap();
    assert_eq!(bare.worn(Slot::Armor), None);
    for (refused, code) in [
        (equip(&dressed, &content, ItemId(20)), ErrorCode::Conflict),
        (unequip(&anna, ItemId(20)), ErrorCode::Conflict),
        (equip(&anna, &content, ItemId(99)), ErrorCode::NotFound),
        (equip(&anna, &content, ItemId(21)), ErrorCode::Conflict),
        (unequip(&anna, ItemId(99)), ErrorCode::NotFound),
    ] {
        assert_eq!(refused.unwrap_err().code, code);
    }
}

#[test]
fn what_is_used_up_restores_and_is_gone() {
    let (content, anna) = (Content::builtin(), sheet());
    let better = done(&anna, use_up(&anna, &content, &some("health_potion", 1))).unwrap();
    assert_eq!((better.resources.health, better.stacks["health_potion"]), (55, 4));
    let whole = done(&better, use_up(&better, &content, &some("health_potion", 1))).unwrap();
    assert_eq!(whole.resources.health, 100);
    for (refused, code) in [
        (use_up(&whole, &content, &some("health_potion", 1)), ErrorCode::Conflict),
        (use_up(&anna, &content, &some("health_potion", 2)), ErrorCode::Invalid),
        (use_up(&anna, &content, &some("health_potion", 0)), ErrorCode::Invalid),
        (use_up(&anna, &content, &some("mana_potion", 1)), ErrorCode::NotFound),
        (use_up(&anna, &content, &item(10)), ErrorCode::Invalid),
        (use_up(&anna, &content, &item(99)), ErrorCode::NotFound),
    ] {
        assert_eq!(refused.unwrap_err().code, code);
    }
}

#[test]
fn a_vendor_sells_for_the_value_and_pays_half_of_it() {
    let (content, anna) = (Content::builtin(), sheet());
    let here = content.start();
    let list = wares(&content, here).unwrap();
    let price = |kind: &str| list.sells.iter().find(|ware| ware.kind == kind).map(|ware| ware.price);
    assert_eq!((price("health_potion"), price("longsword"), price("relic")), (Some(15), Some(60), None));
    let bought = done(&anna, buy(&anna, &content, here, &goods("health_potion", 6))).unwrap();
    assert_eq!((bought.progression.souls, bought.stacks["health_potion"]), (10, 11));
    let sold = done(&anna, sell(&anna, &content, here, &some("health_potion", 5))).unwrap();
    assert_eq!((sold.progression.souls, sold.stacks.get("health_potion")), (137, None));
    let disarmed = done(&anna, sell(&anna, &content, here, &item(10))).unwrap();
    assert_eq!((disarmed.progression.souls, disarmed.items.contains_key(&ItemId(10))), (130, false));
    let told = update(&anna, &disarmed, &content, "sell");
    assert_eq!((told.gone, told.souls, told.stacks), (vec![ItemId(10)], 130, vec![]));
    let elsewhere = content.location(LocationId(2)).unwrap();
    for (refused, code) in [
        (buy(&anna, &content, here, &goods("health_potion", 7)), ErrorCode::NotEnough),
        (buy(&anna, &content, here, &goods("health_potion", u32::MAX)), ErrorCode::NotEnough),
        (buy(&anna, &content, here, &goods("longsword", u32::MAX)), ErrorCode::NotEnough),
        (buy(&anna, &content, here, &goods("health_potion", 0)), ErrorCode::Invalid),
        (buy(&anna, &content, here, &goods("relic", 1)), ErrorCode::NotFound),
        (buy(&anna, &content, elsewhere, &goods("longsword", 1)), ErrorCode::NotFound),
        (sell(&anna, &content, here, &some("health_potion", 6)), ErrorCode::NotEnough),
        (sell(&anna, &content, here, &item(21)), ErrorCode::Conflict),
        (sell(&anna, &content, elsewhere, &item(10)), ErrorCode::NotFound),
        (
            sell(&anna, &content, here, &SomeOf { item_id: None, kind: None, quantity: None }),
            ErrorCode::Invalid,
        ),
        (sell(&anna, &content, here, &SomeOf { quantity: Some(2), ..item(10) }), ErrorCode::Invalid),
    ] {
        assert_eq!(done(&anna, refused).unwrap_err(), code);
    }
    assert!(wares(&content, elsewhere).is_err());
}

#[test]
fn nobody_buys_more_than_can_be_carried() {
    let (content, mut anna) = (Content::builtin(), sheet());
    anna.progression.souls = i64::from(u32::MAX) * 100;
    let many = |quantity| buy(&anna, &content, content.start(), &goods("longsword", quantity));
    assert_eq!(many(u32::MAX).unwrap().movements.len(), 1 + SLOTS_MAX + 1);
    assert_eq!(done(&anna, many(u32::MAX)).unwrap_err(), ErrorCode::InventoryFull);
    let room = u32::try_from(SLOTS_MAX - anna.slots_used()).unwrap();
    assert!(done(&anna, many(room)).is_ok());
    assert_eq!(done(&anna, many(room + 1)).unwrap_err(), ErrorCode::InventoryFull);
}

#[test]
fn everything_one_has_is_shown() {
    let (content, anna) = (Content::builtin(), sheet());
    let all = inventory(&anna, &content);
    assert_eq!((all.souls, all.items.len(), all.stacks.len()), (100, 5, 1));
    let relic = all.items.iter().find(|item| item.kind == "relic").unwrap();
    assert_eq!((relic.name.as_str(), relic.value, &relic.slot), ("relic", 0, &None));
}

proptest! {
    #[test]
    fn no_bargaining_makes_souls(trades in prop::collection::vec((0..2_u32, 0..14_usize, 1..9_u32), 1..30)) {
        let content = Content::builtin();
        let here = content.start();
        let mut anna = sheet();
        anna.progression.souls = 10_000;
        let wealth = |sheet: &Sheet| {
            let kinds = sheet.stacks.iter().map(|(kind, many)| content.item(kind).map_or(0, |item| item.value) * many);
            sheet.progression.souls + kinds.sum::<i64>()
        };
        for (way, kind, quantity) in trades {
            let Some(kind) = here.sells.get(kind).filter(|kind| content.item(kind).is_some_and(|item| item.stackable))
            else { continue };
            let bargain = match way {
                0 => buy(&anna, &content, here, &goods(kind, quantity)),
                _ => sell(&anna, &content, here, &some(kind, quantity)),
            };
            if let Ok(after) = bargain.and_then(|settlement| anna.after(&settlement, None)) {
                prop_assert!(wealth(&after) <= wealth(&anna));
                anna = after;
            }
        }
    }
}
