//! Whatever is laid down and picked up in whatever order: nothing comes from nowhere, and a refusal changes nothing.

use std::collections::BTreeMap;

use proptest::prelude::{Strategy, any, prop};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};
use protocol::ids::{GroundId, ItemId};
use protocol::inventory::SomeOf;
use protocol::movement::Position;
use protocol::{ErrorCode, LocationId, Text};

use super::{GroundLimits, Heap, lay_down, pick_up};
use crate::Content;
use crate::content::Slot;
use crate::sheet::tests::sheet;
use crate::sheet::{Asset, Engagement, Goods, Ground, SLOTS_MAX, Sheet, Spot};

const LIMITS: GroundLimits = GroundLimits { most: 5, most_each: 2, lie_ms: 1_000 };

fn here() -> Spot {
    Spot { location: LocationId(1), position: Position { x: 3.0, y: 4.0, z: 0.0 } }
}

fn item(id: i64) -> SomeOf {
    SomeOf { item_id: Some(ItemId(id)), kind: None, quantity: None }
}

fn some(kind: &str, quantity: u32) -> SomeOf {
    SomeOf { item_id: None, kind: Some(Text::new(kind).unwrap()), quantity: Some(quantity) }
}

fn owner() -> Sheet {
    let mut sheet = sheet(1, 100);
    sheet.items.clear();
    sheet.stacks.clear();
    sheet.receive(ItemId(1), "longsword".to_owned());
    sheet.receive(ItemId(2), "longbow".to_owned());
    sheet.stacks.insert("health_potion".to_owned(), 3);
    sheet
}

/// The code and the field of a refusal.
#[track_caller]
fn refused(sheet: &Sheet, what: &SomeOf) -> (ErrorCode, String) {
    let refusal = lay_down(sheet, what, here(), &LIMITS, 0).unwrap_err();
    (refusal.code, refusal.details["field"].as_str().unwrap().to_owned())
}

#[test]
fn what_is_laid_down_is_gone_from_the_sheet_and_comes_back_when_it_is_picked_up() {
    for what in [item(1), some("health_potion", 2), some("health_potion", 3)] {
        let before = owner();
        let laid = lay_down(&before, &what, here(), &LIMITS, 500).unwrap();
        assert_eq!(laid.ground, Some(Ground::Lay { spot: here(), until_ms: 1_500, most: 5, most_each: 2 }));
        let without = before.after(&laid, None).unwrap();
        let heap = Heap { id: GroundId(9), spot: here(), asset: laid.movements[0].asset.clone() };
        let taken = pick_up(&without, &heap).unwrap();
        assert_eq!(taken.ground, Some(Ground::Lift(GroundId(9))));
        let mut after = without.after(&taken, None).unwrap();
        after.version = before.version;
        assert_eq!(after, before);
    }
}

#[test]
fn what_cannot_be_laid_down_is_named() {
    let mut sheet = owner();
    sheet.items.get_mut(&ItemId(2)).unwrap().worn = Some(Slot::Weapon);
    let both = SomeOf { kind: Some(Text::new("longbow").unwrap()), ..item(2) };
    let field = |field: &str| field.to_owned();
    for (what, code, named) in [
        (item(2), ErrorCode::Conflict, "item_id"),
        (item(7), ErrorCode::NotFound, "item_id"),
        (some("arrow", 1), ErrorCode::NotFound, "kind"),
        (some("souls", 1), ErrorCode::NotFound, "kind"),
        (some("health_potion", 4), ErrorCode::NotEnough, "quantity"),
        (some("health_potion", 0), ErrorCode::Invalid, "quantity"),
        (SomeOf { quantity: Some(2), ..item(1) }, ErrorCode::Invalid, "quantity"),
        (both, ErrorCode::Invalid, "item_id"),
    ] {
        assert_eq!(refused(&sheet, &what), (code, field(named)), "{what:?}");
    }
    let trade = Engagement::Trade("t".to_owned());
    let goods = Goods {
        items: [ItemId(1)].into(),
        stacks: [("health_potion".to_owned(), 2)].into(),
        ..Goods::default()
    };
    sheet.hold(&trade, goods).unwrap();
    assert_eq!(refused(&sheet, &item(1)), (ErrorCode::Locked, field("item_id")));
    assert_eq!(refused(&sheet, &some("health_potion", 2)), (ErrorCode::NotEnough, field("quantity")));
    lay_down(&sheet, &some("health_potion", 1), here(), &LIMITS, 0).unwrap();
    sheet.release(&trade);
    sheet.freeze(&Engagement::Combat("c".to_owned())).unwrap();
    assert_eq!(refused(&sheet, &item(1)), (ErrorCode::Locked, field("item_id")));
    let heap = Heap {
        id: GroundId(9),
        spot: here(),
        asset: Asset::Item { id: ItemId(5), kind: "torch".to_owned() },
    };
    let refusal = pick_up(&sheet, &heap).unwrap_err();
    assert_eq!((refusal.code, refusal.details["field"].as_str()), (ErrorCode::Locked, Some("ground_id")));
}

#[test]
fn who_carries_all_he_can_picks_up_only_more_of_the_same() {
    let mut sheet = owner();
    for id in 100..100 + SLOTS_MAX - sheet.slots_used() {
        sheet.receive(ItemId(i64::try_from(id).unwrap()), "torch".to_owned());
    }
    let heap = |asset| Heap { id: GroundId(9), spot: here(), asset };
    let refusal =
        pick_up(&sheet, &heap(Asset::Item { id: ItemId(5), kind: "torch".to_owned() })).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.details["field"].as_str()),
        (ErrorCode::InventoryFull, Some("ground_id"))
    );
    pick_up(&sheet, &heap(Asset::Stack { kind: "health_potion".to_owned(), quantity: 2 })).unwrap();
}

#[derive(Debug, Clone)]
enum Step {
    Lay { who: usize, what: SomeOf },
    Lift { who: usize, which: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let what = prop_oneof![
        (0_i64..6).prop_map(item),
        (0_u32..5).prop_map(|quantity| some("health_potion", quantity)),
    ];
    prop::collection::vec(
        prop_oneof![
            (0..3_usize, what).prop_map(|(who, what)| Step::Lay { who, what }),
            (0..3_usize, any::<prop::sample::Index>())
                .prop_map(|(who, which)| Step::Lift { who, which: which.index(64) }),
        ],
        0..60,
    )
}

/// Who or what has each item, and how many potions there are.
fn census(sheets: &[Sheet], ground: &BTreeMap<GroundId, Heap>) -> (Vec<ItemId>, i64) {
    let lying = ground.values().map(|heap| &heap.asset);
    let mut items: Vec<ItemId> = sheets.iter().flat_map(|sheet| sheet.items.keys().copied()).collect();
    let mut potions: i64 = sheets.iter().flat_map(|sheet| sheet.stacks.values()).sum();
    for asset in lying {
        match asset {
            Asset::Item { id, .. } => items.push(*id),
            Asset::Stack { quantity, .. } => potions += quantity,
            other => panic!("{other:?}"),
        }
    }
    items.sort_unstable();
    (items, potions)
}

proptest! {
    #[test]
    fn nothing_comes_from_nowhere(steps in steps()) {
        let mut sheets: Vec<Sheet> = (1..=3).map(|id| {
            let mut sheet = sheet(id, 100);
            sheet.items.clear();
            sheet.stacks.clear();
            sheet.receive(ItemId(id * 2 - 2), "longsword".to_owned());
            sheet.receive(ItemId(id * 2 - 1), "longbow".to_owned());
            sheet.stacks.insert("health_potion".to_owned(), 3);
            sheet
        }).collect();
        let (mut ground, mut last) = (BTreeMap::new(), 0);
        let before = census(&sheets, &ground);
        for step in steps {
            match step {
                Step::Lay { who, what } => {
                    let Ok(laid) = lay_down(&sheets[who], &what, here(), &LIMITS, 0) else { continue };
                    sheets[who] = sheets[who].after(&laid, None).unwrap();
                    last += 1;
                    let asset = laid.movements[0].asset.clone();
                    ground.insert(GroundId(last), Heap { id: GroundId(last), spot: here(), asset });
                }
                Step::Lift { who, which } => {
                    let Some(heap) = ground.values().nth(which % ground.len().max(1)).cloned() else { continue };
                    let taken = pick_up(&sheets[who], &heap).unwrap();
                    sheets[who] = sheets[who].after(&taken, None).unwrap();
                    ground.remove(&heap.id);
                }
            }
            prop_assert_eq!(&census(&sheets, &ground), &before);
            prop_assert!(sheets.iter().all(|sheet| sheet.stacks.values().all(|many| *many > 0)));
        }
    }
}

#[test]
fn it_is_shown_as_the_content_calls_it() {
    let content = Content::builtin();
    let heap = |asset| Heap { id: GroundId(9), spot: here(), asset };
    let shown = heap(Asset::Stack { kind: "health_potion".to_owned(), quantity: 2 }).shown(&content);
    assert_eq!((shown.name.as_str(), shown.quantity, shown.item_id), ("Health Potion", 2, None));
    let shown = heap(Asset::Item { id: ItemId(4), kind: "relic of old".to_owned() }).shown(&content);
    assert_eq!((shown.name.as_str(), shown.quantity, shown.item_id), ("relic of old", 1, Some(ItemId(4))));
}
