//! Fights are worth fighting: who begins has a chance against what he meets first, and none against what he meets last.

use protocol::characters::{Progression, Stats};
use protocol::combat::{Act, ActionType, Outcome, Side};
use protocol::{CharacterId, Text};

use super::rules::WOLF;
use super::{PRIZE, Ring, act, content, entry, member, named};
use crate::characters::resources;
use crate::combat::fighter::{Fighter, Supply};
use crate::combat::{Against, Recruit, Terms};
use crate::content::{Ability, Content, Item};
use crate::progression::{Growing, LEVEL_MAX, gain_experience, level_at};
use crate::venue::Member;

/// A character of this class, at this level, with its kit on.
fn grown(content: &Content, class: &str, level: i32) -> (Member, Recruit) {
    let class = content.class(class).unwrap();
    let mut stats =
        Stats { strength: 12, dexterity: 12, intelligence: 12, constitution: 12, wisdom: 12, charisma: 12 };
    let mut left = resources(class, &stats);
    let mut progression = Progression { level: 1, experience: 0, souls: 0 };
    let begins = (0..).step_by(100).find(|experience| level_at(*experience) == level).unwrap();
    let growing = Growing { class, stats: &mut stats, resources: &mut left, progression: &mut progression };
    gain_experience(growing, begins).unwrap();
    assert_eq!(progression.level, level);
    let kit: Vec<&Item> = class.kit.iter().filter_map(|kind| content.item(kind)).collect();
    let recruit = Recruit {
        class: class.name.clone(),
        stats,
        resources: left,
        attack_bonus: kit.iter().map(|item| item.attack_bonus).sum(),
        defense_bonus: kit.iter().map(|item| item.defense_bonus).sum(),
        supplies: Vec::new(),
    };
    (Member { level, ..member(1, "Golden Order") }, recruit)
}

/// The abilities of a class that hurt.
fn attacks<'a>(content: &'a Content, class: &'a str) -> impl Iterator<Item = &'a Ability> {
    content
        .abilities()
        .iter()
        .filter(move |ability| ability.class.as_deref() == Some(class) && ability.damage > 0)
}

/// How many of so many fights somebody wins who uses what he can and strikes otherwise.
fn wins(class: &str, level: i32, enemy: &str, location: i64) -> usize {
    let content = content();
    let (who, recruit) = grown(&content, class, level);
    let fight = |seed: u64| {
        let mut ring = Ring::new(seed);
        let mut opening = entry(Against::Enemies(vec![enemy.to_owned()]), Side::First, true, recruit.clone());
        opening.terms = Terms { location_id: protocol::LocationId(location), ..opening.terms };
        assert_eq!(ring.enter(&who, opening).ended, Ok(()));
        while !ring.combat.is_over() {
            let mut moves: Vec<_> =
                attacks(&content, class).map(|ability| named(ActionType::Spell, &ability.name)).collect();
            moves.extend([act(ActionType::Attack), named(ActionType::Defend, "rest")]);
            let done = moves.into_iter().any(|act| ring.act(&who, act).ended.is_ok());
            assert!(done, "one can always rest");
        }
        ring.aftermaths[0].outcome == Outcome::Won && ring.fighter(CharacterId(1)).is_up()
    };
    (0..60).filter(|seed| fight(*seed)).count()
}

#[test]
fn beginners_beat_what_they_meet_first_and_not_what_they_meet_last() {
    for class in content().classes() {
        for (level, enemy, location, expected) in [
            (1, "hollow_soldier", 11, 45..=60),
            (10, "dark_knight", 2, 45..=60),
            (1, "lord_of_cinders", 2, 0..=0),
            (25, "aetherfall_titan", 4, 0..=5),
        ] {
            let won = wins(&class.name, level, enemy, location);
            assert!(
                expected.contains(&won),
                "{} of level {level} wins {won} of 60 against {enemy}",
                class.name
            );
        }
    }
}

/// What somebody does who fights a guardian with others: drinks when badly hurt, uses what he can, strikes, rests.
fn raid_move(ring: &mut Ring, who: &Member, class: &str, guardian: CharacterId) {
    let fighter = ring.fighter(who.id);
    let hurt = fighter.health_share() < 450;
    let potion = fighter.played().unwrap().supplies.first().map(|supply| supply.kind.clone());
    let mut moves = Vec::new();
    if let (true, Some(kind)) = (hurt, potion) {
        moves.push(Act { item_kind: Some(Text::new(kind).unwrap()), ..act(ActionType::Item) });
    }
    let content = content();
    let mut abilities: Vec<_> = attacks(&content, class).collect();
    abilities.sort_by_key(|ability| std::cmp::Reverse(ability.damage));
    moves.extend(abilities.iter().map(|ability| named(ActionType::Spell, &ability.name)));
    moves.extend([act(ActionType::Attack), named(ActionType::Defend, "rest")]);
    let done = moves.into_iter().any(|act| {
        let aimed = matches!(act.action_type, ActionType::Attack | ActionType::Spell);
        let act = Act { target_id: aimed.then_some(guardian), ..act };
        ring.act(who, act).ended.is_ok()
    });
    assert!(done, "one can always rest");
}

/// Whether so many of the highest level, of all classes in turn, each with so many potions, defeat the guardian.
fn raid(seed: u64, size: i64, potions: i64, guardian_as: impl FnOnce(&mut Fighter)) -> bool {
    let content = content();
    let mut ring = Ring::new(seed);
    ring.combat.limits.rounds_max = 200;
    let mut party = Vec::new();
    for (id, class) in (1..=size).zip(content.classes()) {
        let (who, mut recruit) = grown(&content, &class.name, LEVEL_MAX);
        let kind = "greater_health_potion".to_owned();
        recruit.supplies.push(Supply { item_id: None, kind, quantity: potions });
        let who = Member { id: CharacterId(id), name: format!("Player {id}"), ..who };
        let joining = entry(Against::Guardian(PRIZE), Side::First, id == size, recruit);
        assert_eq!(ring.enter(&who, joining).ended, Ok(()));
        party.push((who, class.name.clone()));
    }
    guardian_as(ring.fighter_mut(WOLF));
    while !ring.combat.is_over() {
        let active = ring.combat.course.active_place().unwrap();
        let id = ring.combat.course.fighters[active].id;
        let (who, class) = party.iter().find(|(who, _)| who.id == id).unwrap();
        raid_move(&mut ring, who, class, WOLF);
    }
    println!(
        "seed {seed}: {size} of them, round {}, guardian {} health, {} up",
        ring.combat.course.round,
        ring.fighter(WOLF).resources.health,
        ring.combat.course.up_on(Side::First).count()
    );
    ring.aftermaths.iter().any(|one| one.outcome == Outcome::Won)
}

#[test]
fn six_of_the_highest_level_who_come_prepared_defeat_a_guardian() {
    let won = (0..6).filter(|seed| raid(*seed, 6, 20, |_| {})).count();
    assert!(won >= 2, "{won} of 6");
}

#[test]
fn four_of_the_highest_level_can_defeat_a_guardian_too() {
    let won = (0..3).filter(|seed| raid(*seed, 4, 20, |_| {})).count();
    assert!(won >= 2, "{won} of 3");
}

/// Why the level of a guardian is only what it is worth: with the figures of that level it could not be defeated.
#[test]
fn a_guardian_with_the_figures_of_its_level_would_be_beyond_everybody() {
    let content = content();
    let mut row = content.enemy("crystal_shard_guardian").unwrap().clone();
    row.level = 50;
    for seed in 0..6 {
        assert!(!raid(seed, 6, 20, |guardian| {
            assert_eq!((guardian.level, guardian.stats.strength), (50, 53), "of its kind, which is level 12");
            guardian.stats = row.grown_stats();
        }));
    }
}
