//! Sheets that add up pass, and each way in which they do not is found.

use protocol::characters::Progression;
use protocol::combat::{CombatEnd, Outcome};
use protocol::inventory::{Inventory, InventoryUpdate, OwnedStack};

use super::{Sheet, Spoils};
use crate::oracle::{Outcome as Judged, Verdict};

const POTION: &str = "health_potion";

fn having(souls: i64, potions: i64) -> Inventory {
    Inventory { souls, slots: 40, items: Vec::new(), stacks: potions_now(potions) }
}

fn potions_now(quantity: i64) -> Vec<OwnedStack> {
    vec![OwnedStack { kind: POTION.to_owned(), name: String::new(), quantity, value: 25 }]
}

fn progression(experience: i64) -> Progression {
    Progression { level: 1, experience, souls: 0 }
}

fn end(combat: &str, (experience, souls): (i64, i64), loot: &[&str]) -> CombatEnd {
    CombatEnd {
        combat_id: combat.to_owned(),
        outcome: Outcome::Won,
        experience,
        souls,
        loot: loot.iter().map(|kind| (*kind).to_owned()).collect(),
    }
}

fn update(reason: &str, souls: i64, potions: i64) -> InventoryUpdate {
    InventoryUpdate {
        reason: reason.to_owned(),
        souls,
        items: Vec::new(),
        gone: Vec::new(),
        stacks: potions_now(potions),
    }
}

/// A bot with 100 souls, 7 experience and 2 potions.
fn judge(what: impl FnOnce(&mut Spoils), (souls, experience, potions): (i64, i64, i64)) -> Verdict {
    let mut spoils = Spoils::default();
    spoils.starts(0, &progression(7), &having(100, 2));
    what(&mut spoils);
    spoils.ends(0, Sheet::of(&progression(experience), &having(souls, potions)));
    spoils.verdict().unwrap()
}

/// It uses a potion, wins, finds a potion, and buys one.
fn won(spoils: &mut Spoils) {
    spoils.begins(0, "f");
    spoils.uses(0, "f", POTION);
    spoils.ended(0, &end("f", (25, 60), &[POTION]));
    spoils.updated(0, &update("combat", 160, 2));
    spoils.updated(0, &update("buy", 135, 3));
}

#[test]
fn what_was_won_and_spent_is_what_there_is() {
    let verdict = judge(won, (135, 32, 3));
    assert_eq!(verdict.outcome, Judged::Kept, "{verdict:?}");
    assert!(verdict.evidence.contains("1 of them were told of everything"), "{verdict:?}");
    assert_eq!(judge(|_| {}, (100, 7, 2)).outcome, Judged::Unproved);
    assert!(Spoils::default().verdict().is_none());
}

#[test]
fn what_is_had_before_its_end_is_told_is_had_once() {
    let early = |spoils: &mut Spoils| {
        spoils.updated(0, &update("combat", 160, 2));
        spoils.ended(0, &end("f", (25, 60), &[]));
    };
    assert_eq!(judge(early, (160, 32, 2)).outcome, Judged::Kept);
    let twice = |spoils: &mut Spoils| {
        early(spoils);
        spoils.updated(0, &update("combat", 220, 2));
    };
    assert_eq!(judge(twice, (220, 32, 2)).faults.of("had twice"), 1);
}

#[test]
fn each_fault_is_found() {
    type Wrong = fn(&mut Spoils);
    let cases: [(&str, Wrong, (i64, i64, i64)); 9] = [
        ("souls", won, (136, 32, 3)),
        ("experience", won, (135, 57, 3)),
        ("experience", won, (135, 7, 3)),
        ("things", won, (135, 32, 2)),
        (
            "had twice",
            |spoils| {
                won(spoils);
                spoils.updated(0, &update("combat", 195, 3));
            },
            (195, 32, 3),
        ),
        (
            "never had",
            |spoils| {
                spoils.ended(0, &end("f", (25, 60), &[]));
                spoils.updated(0, &update("combat", 161, 2));
            },
            (161, 32, 2),
        ),
        (
            "not what was won",
            |spoils| {
                spoils.ended(0, &end("f", (25, 60), &[]));
                spoils.updated(0, &update("combat", 160, 3));
            },
            (160, 32, 3),
        ),
        (
            "not what was won",
            |spoils| {
                // The potion that was used is still there.
                spoils.uses(0, "f", POTION);
                spoils.ended(0, &end("f", (25, 60), &[]));
                spoils.updated(0, &update("combat", 160, 2));
            },
            (160, 32, 2),
        ),
        ("never had", |spoils| spoils.ended(0, &end("f", (0, 60), &[])), (100, 7, 2)),
    ];
    for (kind, wrong, has) in cases {
        let verdict = judge(wrong, has);
        assert_eq!(verdict.outcome, Judged::Broken, "{kind}: {verdict:?}");
        assert!(verdict.faults.of(kind) > 0, "{kind}: {verdict:?}");
    }
    let mut spoils = Spoils::default();
    spoils.starts(0, &progression(7), &having(100, 2));
    assert_eq!(spoils.verdict().unwrap().faults.of("not looked at"), 1);
}

#[test]
fn after_a_kill_experience_still_tells_once_from_twice() {
    let killed = |spoils: &mut Spoils| {
        spoils.begins(0, "f");
        spoils.ended(0, &end("f", (25, 60), &[]));
        spoils.interrupted(0);
        spoils.updated(0, &update("combat", 160, 2));
    };
    assert_eq!(judge(killed, (160, 32, 2)).outcome, Judged::Kept);
    for experience in [7, 57] {
        assert_eq!(judge(killed, (160, experience, 2)).faults.of("experience"), 1);
    }
    // Of a fight whose end it was not told, nobody knows what it brought.
    let unknown = |spoils: &mut Spoils| {
        killed(spoils);
        spoils.begins(0, "g");
    };
    assert_eq!(judge(unknown, (160, 57, 2)).outcome, Judged::Kept);
    assert_eq!(judge(unknown, (160, 7, 2)).outcome, Judged::Broken);
}

#[test]
fn what_a_quest_brings_is_not_taken_for_a_fault() {
    let quest = |spoils: &mut Spoils| {
        won(spoils);
        spoils.quest(0);
        spoils.updated(0, &update("quest", 235, 3));
    };
    assert_eq!(judge(quest, (235, 132, 3)).outcome, Judged::Kept);
    assert_eq!(judge(quest, (235, 31, 3)).outcome, Judged::Broken);
}
