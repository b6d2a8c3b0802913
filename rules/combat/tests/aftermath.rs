//! What a combat takes from a sheet and what it leaves of it.

use proptest::prelude::{Strategy, prop};
use proptest::{prop_assert, prop_assert_eq, proptest};
use protocol::combat::Outcome;
use protocol::ids::{INTEGER_MAX, ItemId};

use super::{content, id};
use crate::combat::{Aftermath, Recruit, Supply};
use crate::content::Slot;
use crate::sheet::tests::sheet as sample;
use crate::sheet::{Asset, Engagement, Goods, SLOTS_MAX, Sheet};

fn by() -> Engagement {
    Engagement::Combat(id().to_string())
}

/// Five potions, of which two lie in a trade, and a sword in hand.
fn armed() -> Sheet {
    let mut sheet = sample(1, 10);
    sheet.stacks.insert("wolf_pelt".to_owned(), 3);
    let mut party = sheet.party();
    party.wear.push((ItemId(10), Some(Slot::Weapon)));
    let worn = crate::sheet::Settlement::new("equip", vec![party]);
    let mut sheet = sheet.after(&worn, None).unwrap();
    let goods = Goods { stacks: [("health_potion".to_owned(), 2)].into(), ..Goods::default() };
    sheet.hold(&Engagement::Trade("t".to_owned()), goods).unwrap();
    sheet
}

fn potions(quantity: i64) -> Supply {
    Supply { item_id: None, kind: "health_potion".to_owned(), quantity }
}

fn after(used: Vec<Supply>, experience: i64, souls: i64, loot: &[&str]) -> Aftermath {
    Aftermath {
        combat_id: id(),
        character_id: protocol::CharacterId(1),
        outcome: Outcome::Won,
        health: 40,
        stamina: 0,
        mana: 0,
        used,
        experience,
        souls,
        defeated: Vec::new(),
        loot: loot.iter().map(|kind| (*kind).to_owned()).collect(),
        prize: None,
        captor: None,
    }
}

#[test]
fn a_character_brings_what_it_wears_and_what_it_can_use() {
    let mut sheet = armed();
    let reserved = sheet.freeze(&by()).unwrap();
    let recruit = Recruit::of(reserved.sheet(), &by(), &content());
    assert_eq!((recruit.attack_bonus, recruit.defense_bonus), (8, 0));
    assert_eq!(recruit.supplies, [potions(3)]);
    assert_eq!(recruit.resources, sheet.resources);
}

#[test]
fn an_aftermath_changes_the_sheet_as_it_says() {
    let mut sheet = armed();
    sheet.freeze(&by()).unwrap();
    let aftermath = after(vec![potions(2)], 100, 75, &["wolf_pelt", "dark_steel_sword", "wolf_pelt"]);
    let settlement = aftermath.settlement(&sheet, &content());
    assert_eq!(settlement.cause, Some(format!("combat:{}:1", id())));
    let grown = sheet.after(&settlement, Some(&by())).unwrap();
    assert_eq!(grown.stacks, [("health_potion".to_owned(), 3), ("wolf_pelt".to_owned(), 5)].into());
    assert_eq!((grown.progression.souls, grown.progression.experience), (175, 100));
    // A level restores everything.
    assert_eq!((grown.progression.level, grown.resources.health), (2, 110));
    assert_eq!(settlement.made_for(sheet.character_id).collect::<Vec<_>>(), ["dark_steel_sword"]);

    let settlement = after(Vec::new(), 99, 0, &[]).settlement(&sheet, &content());
    let tired = sheet.after(&settlement, Some(&by())).unwrap();
    assert_eq!((tired.progression.level, tired.resources.health, tired.progression.souls), (1, 40, 100));
}

#[test]
fn what_there_is_no_room_for_stays_behind() {
    let mut sheet = sample(1, 10);
    for serial in 100..100 + (SLOTS_MAX - sheet.slots_used() - 1) as i64 {
        sheet.receive(ItemId(serial), "longsword".to_owned());
    }
    let settlement = after(Vec::new(), 0, 0, &["rusty_sword", "rusty_sword", "wolf_pelt", "health_potion"])
        .settlement(&sheet, &content());
    let found: Vec<&Asset> = settlement.movements.iter().map(|movement| &movement.asset).collect();
    let potion = Asset::Stack { kind: "health_potion".to_owned(), quantity: 1 };
    assert_eq!(found, [&potion, &Asset::NewItem { kind: "rusty_sword".to_owned() }]);
    assert!(sheet.after(&settlement, None).is_ok());
}

fn anything() -> impl Strategy<Value = Aftermath> {
    let kinds = ["health_potion", "longsword", "wolf_pelt", "rusty_sword", "nothing", "mana_potion"];
    let kind = (0..kinds.len()).prop_map(move |index| kinds[index].to_owned());
    let supply = (kind.clone(), prop::option::of(8..15_i64), 1..9_i64)
        .prop_map(|(kind, serial, quantity)| Supply { item_id: serial.map(ItemId), kind, quantity });
    let amounts = (0..200_i32, 0..200_i32, prop::option::of(0..INTEGER_MAX), 0..INTEGER_MAX);
    (amounts, prop::collection::vec(supply, 0..3), prop::collection::vec(kind, 0..90)).prop_map(
        |((health, stamina, experience, souls), used, loot)| Aftermath {
            health,
            stamina,
            // One supply of a kind, as combats note them.
            used: used.into_iter().take(1).collect(),
            loot,
            ..after(Vec::new(), experience.unwrap_or(50), souls, &[])
        },
    )
}

proptest! {
    #[test]
    fn no_aftermath_is_ever_refused(aftermath in anything(), souls in 0..INTEGER_MAX, experience in 0..INTEGER_MAX) {
        let mut sheet = armed();
        sheet.progression.souls = souls;
        sheet.progression.experience = experience;
        sheet.progression.level = crate::progression::level_at(experience);
        sheet.freeze(&by()).unwrap();
        let settlement = aftermath.settlement(&sheet, &content());
        let after = sheet.after(&settlement, Some(&by()));
        prop_assert!(after.is_ok(), "{:?}", after);
        let after = after.unwrap();
        prop_assert!(after.resources.health >= 1 && after.resources.health <= after.resources.max_health);
        prop_assert!(after.progression.experience >= experience);
        prop_assert_eq!(after.version, sheet.version + 1);
    }
}
