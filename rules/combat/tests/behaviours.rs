//! How enemies choose: what each behaviour does how often, whom it goes for, and when it turns.

use std::collections::BTreeMap;

use protocol::CharacterId;
use protocol::combat::{ActionType, Outcome, Standing};
use rand::SeedableRng;

use super::rules::{ONE, TWO, WOLF};
use super::{Ring, act, member, named, opening};
use crate::Dice;
use crate::combat::Joining;
use crate::combat::fighter::{Brain, Fighter, Role, Stance};
use crate::combat::plan::Plan;
use crate::content::Behaviour;

/// So many choices that luck makes less than two percent of difference: the same seeds each time.
const CHOICES: u64 = 4_000;
const OFF_BY_PERCENT: u64 = 2;

/// Two characters against one enemy without abilities, which behaves like that.
fn against(behaviour: Behaviour) -> Ring {
    let mut ring = Ring::new(1);
    let beside = Joining { opening: None, ..opening(&["hollow_soldier"]) };
    assert_eq!(ring.enter(&member(1, "Golden Order"), beside).ended, Ok(()));
    assert_eq!(ring.enter(&member(2, "Golden Order"), opening(&["hollow_soldier"])).ended, Ok(()));
    for who in [ONE, TWO, WOLF] {
        in_shape(ring.fighter_mut(who), 1_000);
    }
    let brain = brain(&mut ring);
    (brain.behaviour, brain.enrage_below) = (behaviour, 0);
    brain.abilities.clear();
    ring
}

/// With breath for everything, and that much of its health in thousandths.
fn in_shape(fighter: &mut Fighter, share: i32) {
    let resources = &mut fighter.resources;
    (resources.health, resources.max_health) = (share, 1_000);
    (resources.stamina, resources.max_stamina) = (1_000, 1_000);
}

fn brain(ring: &mut Ring) -> &mut Brain {
    match &mut ring.fighter_mut(WOLF).role {
        Role::Enemy(brain) => brain,
        Role::Character(_) => unreachable!("enemies have ids below 0"),
    }
}

/// What it does, and to whom, how often of so many times.
fn choices(ring: &Ring, count: u64) -> BTreeMap<(&'static str, Option<i64>), u64> {
    let place = ring.combat.course.place_of(WOLF).unwrap();
    let mut counts = BTreeMap::new();
    for seed in 0..count {
        let mut dice = Dice::seed_from_u64(seed);
        let id = |place: usize| ring.combat.course.fighters[place].id.0;
        let choice = match ring.combat.enemy_plan(place, &ring.content, &mut dice) {
            Plan::Strike { blow, target } => (blow.name, Some(id(target))),
            Plan::Guard { stance: Stance::Dodging } => ("dodge", None),
            Plan::Guard { stance: Stance::Parrying } => ("parry", None),
            Plan::Guard { stance: Stance::Blocking } => ("block", None),
            Plan::Guard { stance: Stance::Open } => ("rest", None),
            Plan::Cast { target, .. } => ("cast", target.map(id)),
            Plan::UseUp { .. } => ("use", None),
            Plan::Flee => ("flee", None),
            Plan::Wait => ("wait", None),
        };
        *counts.entry(choice).or_default() += 1;
    }
    counts
}

/// The same, whomever it hits.
fn shares(ring: &Ring) -> BTreeMap<&'static str, u64> {
    let mut shares = BTreeMap::new();
    for ((what, _), count) in choices(ring, CHOICES) {
        *shares.entry(what).or_default() += count;
    }
    shares
}

fn assert_shares(ring: &Ring, expected: &[(&str, u64)], what: &str) {
    let found = shares(ring);
    let mut kinds: Vec<&str> = expected.iter().map(|(kind, _)| *kind).collect();
    kinds.sort_unstable();
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), kinds, "{what}: {found:?}");
    for (kind, percent) in expected {
        let off = (found[kind] * 100).abs_diff(percent * CHOICES);
        assert!(off <= OFF_BY_PERCENT * CHOICES, "{what}: expected {percent} % {kind}, found {found:?}");
    }
}

const ALL: [Behaviour; 6] = [
    Behaviour::Aggressive,
    Behaviour::Defensive,
    Behaviour::Balanced,
    Behaviour::Tactical,
    Behaviour::Berserker,
    Behaviour::Coward,
];
const AGGRESSIVE: &[(&str, u64)] = &[("heavy", 60), ("light", 40)];
const BERSERK: &[(&str, u64)] = &[("heavy", 80), ("light", 20)];
const BALANCED: &[(&str, u64)] = &[("light", 35), ("heavy", 25), ("dodge", 15), ("parry", 10), ("block", 15)];
const DEFENSIVE: &[(&str, u64)] = &[("light", 50), ("parry", 30), ("block", 20)];
const CORNERED: &[(&str, u64)] = &[("light", 25), ("parry", 50), ("block", 25)];
const COWED: &[(&str, u64)] = &[("dodge", 60), ("block", 40)];
const RUNNING: &[(&str, u64)] = &[("flee", 50), ("dodge", 10), ("block", 40)];

#[test]
fn each_behaviour_does_its_own_as_often_as_it_should() {
    use Behaviour::{Aggressive, Balanced, Berserker, Coward, Defensive, Tactical};
    // Its health and that of the weakest it faces, in thousandths.
    for (behaviour, health, weakest, expected) in [
        (Aggressive, 1_000, 1_000, AGGRESSIVE),
        (Aggressive, 10, 10, AGGRESSIVE),
        (Berserker, 1_000, 1_000, BERSERK),
        (Berserker, 10, 10, BERSERK),
        (Balanced, 1_000, 1_000, BALANCED),
        (Balanced, 10, 10, BALANCED),
        (Defensive, 1_000, 1_000, DEFENSIVE),
        (Defensive, 300, 10, DEFENSIVE),
        (Defensive, 299, 1_000, CORNERED),
        (Coward, 1_000, 1_000, BALANCED),
        (Coward, 500, 10, BALANCED),
        (Coward, 499, 1_000, COWED),
        (Coward, 300, 10, COWED),
        (Coward, 299, 1_000, RUNNING),
        (Tactical, 1_000, 1_000, BALANCED),
        (Tactical, 400, 300, BALANCED),
        (Tactical, 399, 300, DEFENSIVE),
        (Tactical, 299, 300, CORNERED),
        (Tactical, 1_000, 299, AGGRESSIVE),
        (Tactical, 10, 299, AGGRESSIVE),
    ] {
        let mut ring = against(behaviour);
        in_shape(ring.fighter_mut(WOLF), health);
        in_shape(ring.fighter_mut(TWO), weakest);
        assert_shares(&ring, expected, &format!("{behaviour:?} at {health} against {weakest}"));
    }
}

#[test]
fn rage_makes_berserkers_of_all() {
    for behaviour in ALL {
        let mut ring = against(behaviour);
        brain(&mut ring).enrage_below = 250;
        in_shape(ring.fighter_mut(WOLF), 249);
        assert_shares(&ring, BERSERK, &format!("{behaviour:?}, enraged"));
        in_shape(ring.fighter_mut(WOLF), 250);
        let calm = shares(&ring).get("heavy").copied().unwrap_or(0) * 100 / CHOICES;
        assert!(behaviour == Behaviour::Berserker || calm < 70, "{behaviour:?} rages too early: {calm} %");
    }
}

#[test]
fn tacticians_go_for_the_weakest_and_others_for_anybody() {
    for behaviour in ALL {
        let mut ring = against(behaviour);
        in_shape(ring.fighter_mut(TWO), 900);
        let met = |whom: CharacterId| {
            let all = choices(&ring, CHOICES);
            let there = all.iter().filter(|((_, target), _)| *target == Some(whom.0));
            there.map(|(_, count)| *count).sum::<u64>()
        };
        let (one, two) = (met(ONE), met(TWO));
        if behaviour == Behaviour::Tactical {
            assert_eq!((one, two > 0), (0, true), "{behaviour:?}");
        } else {
            assert!(one.abs_diff(two) * 10 <= one + two, "{behaviour:?}: {one} and {two}");
        }
    }
}

#[test]
fn tacticians_use_what_they_can_twice_as_often_while_it_is_of_use() {
    for behaviour in ALL {
        let mut ring = against(behaviour);
        brain(&mut ring).abilities = vec!["Bleeding Bite".to_owned()];
        let percent = if behaviour == Behaviour::Tactical { 65 } else { 30 };
        let off = (shares(&ring)["cast"] * 100).abs_diff(percent * CHOICES);
        assert!(off <= OFF_BY_PERCENT * CHOICES, "{behaviour:?}: {:?}", shares(&ring));
        let casts = |ring: &Ring| choices(ring, 100).keys().any(|(what, _)| *what == "cast");
        // What rests, what it can't pay, what it is under already, and what heals nothing is not used.
        ring.fighter_mut(WOLF).cooldowns.insert("Bleeding Bite".to_owned(), 1);
        assert!(!casts(&ring), "{behaviour:?} uses what rests");
        brain(&mut ring).abilities = vec!["Frost Bolt".to_owned()];
        ring.fighter_mut(WOLF).resources.mana = 29;
        assert!(!casts(&ring), "{behaviour:?} uses what it can't pay");
        brain(&mut ring).abilities = vec!["Corrupted Aura".to_owned()];
        assert!(!casts(&ring), "{behaviour:?} heals though it is whole");
        in_shape(ring.fighter_mut(WOLF), 900);
        assert!(casts(&ring), "{behaviour:?} never heals itself");
    }
}

#[test]
fn who_is_out_of_breath_does_what_he_still_can() {
    for (behaviour, stamina, health, expected) in [
        (Behaviour::Aggressive, 34, 1_000, &[("light", 100)][..]),
        (Behaviour::Aggressive, 14, 1_000, &[("rest", 100)]),
        (Behaviour::Defensive, 24, 1_000, &[("light", 50), ("rest", 30), ("block", 20)]),
        (Behaviour::Coward, 0, 299, &[("flee", 50), ("rest", 50)]),
    ] {
        let mut ring = against(behaviour);
        in_shape(ring.fighter_mut(WOLF), health);
        ring.fighter_mut(WOLF).resources.stamina = stamina;
        assert_shares(&ring, expected, &format!("{behaviour:?} with {stamina} of stamina"));
    }
}

/// A coward of the content runs from a fight that it loses: it is won, and brings nothing.
#[test]
fn a_wolf_that_is_badly_hurt_may_get_away() {
    let who = member(1, "Golden Order");
    let mut fled = 0;
    for seed in 0..100 {
        let mut ring = Ring::alone_against(seed, &who, &["corrupt_wolf"]);
        let wolf = ring.fighter_mut(WOLF);
        wolf.resources.health = wolf.resources.max_health / 4;
        while !ring.combat.is_over() {
            let moves = [act(ActionType::Attack), named(ActionType::Defend, "rest")];
            assert!(moves.into_iter().any(|act| ring.act(&who, act).ended.is_ok()), "one can always rest");
        }
        let left = &ring.aftermaths[0];
        if ring.fighter(WOLF).standing == Standing::Fled {
            fled += 1;
            assert_eq!((left.outcome, left.experience, left.souls), (Outcome::Won, 0, 0), "seed {seed}");
            assert_eq!((left.loot.len(), left.defeated.len()), (0, 0), "seed {seed}");
        }
    }
    assert!((5..=60).contains(&fled), "{fled} of 100 got away");
}
