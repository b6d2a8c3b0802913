//! Whatever comes, in whatever order: what must always hold of a combat.

use std::collections::BTreeSet;

use proptest::prelude::{Just, Strategy, any, prop};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};
use protocol::combat::{Act, ActionType, Side, Standing};
use protocol::ids::ItemId;
use protocol::{CharacterId, ServerMessage, Text};

use super::{Brought, LIMITS, PRIZE, Ring, act, entry, healths, member, recruit};
use crate::combat::{Against, Combat, Joining, Phase};
use crate::venue::{Effect, Member, Save};

const FACTIONS: [&str; 2] = ["Golden Order", "Shadowborn"];
const KINDS: [&str; 3] = ["hollow_soldier", "corrupt_wolf", "skeleton_warrior"];

/// Something that happens to a combat.
#[derive(Debug, Clone)]
enum Step {
    /// Whoever's turn it is does something (or, if that is refused, guards).
    Turn {
        choice: u8,
        target: u8,
    },
    /// Somebody does something, whether he may or not.
    Meddle {
        who: u8,
        choice: u8,
        target: i64,
    },
    Pass(u64),
    Leave(u8),
    Return(u8),
    /// The process dies and comes back.
    Crash,
}

/// Who fights whom.
#[derive(Debug, Clone)]
enum Fight {
    Enemies { allies: u8, kinds: Vec<u8> },
    Characters { first: u8, second: u8 },
    Guardian { party: u8 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (any::<u8>(), any::<u8>()).prop_map(|(choice, target)| Step::Turn { choice, target }),
        2 => (0..8_u8, any::<u8>(), -4..10_i64)
            .prop_map(|(who, choice, target)| Step::Meddle { who, choice, target }),
        1 => prop_oneof![0..500_u64, 1_000..40_000_u64].prop_map(Step::Pass),
        1 => (0..6_u8).prop_map(Step::Leave),
        1 => (0..6_u8).prop_map(Step::Return),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..120)
}

fn fights() -> impl Strategy<Value = Fight> {
    prop_oneof![
        (0..3_u8, prop::collection::vec(0..3_u8, 1..4))
            .prop_map(|(allies, kinds)| Fight::Enemies { allies, kinds }),
        (0..3_u8, 1..3_u8).prop_map(|(first, second)| Fight::Characters { first, second }),
        (3..6_u8).prop_map(|party| Fight::Guardian { party }),
    ]
}

/// A fight that has begun, with everybody who is in it. The last one has opened it.
fn begin(seed: u64, fight: &Fight) -> (Ring, Vec<Member>, Vec<Brought>) {
    let mut ring = Ring::new(seed);
    let classes: Vec<String> = ring.content.classes().iter().map(|class| class.name.clone()).collect();
    let (against, before) = match fight {
        Fight::Enemies { allies, kinds } => {
            let kinds = kinds.iter().map(|kind| KINDS[usize::from(*kind)].to_owned()).collect();
            (Against::Enemies(kinds), vec![Side::First; usize::from(*allies)])
        }
        Fight::Characters { first, second } => {
            let mut sides = vec![Side::First; usize::from(*first)];
            sides.extend(vec![Side::Second; usize::from(*second)]);
            (Against::Characters, sides)
        }
        Fight::Guardian { party } => (Against::Guardian(PRIZE), vec![Side::First; usize::from(*party)]),
    };
    let (mut members, mut brought) = (Vec::new(), Vec::new());
    let count = before.len();
    for (index, side) in before.into_iter().chain([Side::First]).enumerate() {
        let faction = if index < 4 { FACTIONS[0] } else { FACTIONS[1] };
        let who = member(index as i64 + 1, faction);
        let recruit = recruit(&classes[(seed as usize).wrapping_add(index) % classes.len()]);
        let joining = entry(against.clone(), side, index == count, recruit);
        brought.push(ring.enter(&who, joining));
        members.push(who);
    }
    (ring, members, brought)
}

fn make(choice: u8, target: Option<CharacterId>, ring: &Ring, class: Option<&str>) -> Act {
    let action = [
        ActionType::Attack,
        ActionType::Defend,
        ActionType::Spell,
        ActionType::Item,
        ActionType::Flee,
        ActionType::Attack,
        ActionType::Spell,
    ][usize::from(choice % 7)];
    let pick = |names: &[&str]| Text::new(names[usize::from(choice / 7) % names.len()]).ok();
    let abilities: Vec<&str> = ring
        .content
        .abilities()
        .iter()
        .filter(|ability| ability.class.as_deref() == class || choice > 240)
        .map(|ability| ability.name.as_str())
        .collect();
    let (ability_name, item_kind) = match action {
        ActionType::Attack => (pick(&["light", "heavy"]), None),
        ActionType::Defend => (pick(&["block", "dodge", "parry"]), None),
        ActionType::Spell => (pick(&abilities), None),
        ActionType::Item => (None, pick(&["health_potion", "ancient_coin", "nothing"])),
        ActionType::Flee => (None, None),
    };
    let item_id = (choice == 201).then_some(ItemId(1));
    let target_id = if choice.is_multiple_of(11) { None } else { target };
    Act { target_id, ability_name, item_kind, item_id, ..act(action) }
}

/// Somebody whom the one at `place` could mean.
fn somebody(ring: &Ring, place: usize, target: u8) -> Option<CharacterId> {
    let foes: Vec<usize> = ring.combat.course.foes_up(place).collect();
    let foe = foes.get(usize::from(target) % foes.len().max(1))?;
    Some(ring.combat.course.fighters[*foe].id)
}

fn take(ring: &mut Ring, members: &[Member], step: &Step) -> Brought {
    match step {
        Step::Turn { choice, target } => {
            let Some(place) = ring.combat.course.active_place() else { return ring.pass(0) };
            let fighter = ring.combat.course.fighters[place].clone();
            let who = members.iter().find(|who| who.id == fighter.id).unwrap();
            let class = fighter.played().map(|played| played.class.clone());
            let act = make(*choice, somebody(ring, place, *target), ring, class.as_deref());
            let brought = ring.act(who, act);
            if brought.ended.is_ok() { brought } else { ring.act(who, super::act(ActionType::Defend)) }
        }
        Step::Meddle { who, choice, target } => {
            let stranger = member(99, FACTIONS[0]);
            let who = members.get(usize::from(*who)).unwrap_or(&stranger).clone();
            let act = make(*choice, Some(CharacterId(*target)), ring, Some("Warrior"));
            ring.act(&who, act)
        }
        Step::Pass(ms) => ring.pass(*ms),
        Step::Leave(who) => ring.leave(&members[usize::from(*who) % members.len()]),
        Step::Return(who) => {
            let who = members[usize::from(*who) % members.len()].clone();
            ring.come_back(&who)
        }
        Step::Crash => {
            if ring.combat.course.phase == Phase::Fighting {
                let state = serde_json::to_string(&ring.combat.course).unwrap();
                let present: Vec<CharacterId> = members.iter().map(|who| who.id).collect();
                ring.combat =
                    Combat::restore(&state, ring.content.clone(), LIMITS, &present, ring.now).unwrap();
            }
            Brought { ended: Ok(()), effects: Vec::new() }
        }
    }
}

/// What must hold of a combat at any time.
fn check(ring: &Ring) -> Result<(), proptest::test_runner::TestCaseError> {
    let course = &ring.combat.course;
    for fighter in &course.fighters {
        let resources = fighter.resources;
        for (has, most) in [
            (resources.health, resources.max_health),
            (resources.stamina, resources.max_stamina),
            (resources.mana, resources.max_mana),
        ] {
            prop_assert!((0..=most).contains(&has), "{fighter:?}");
        }
        // Who is down may be carried away.
        prop_assert!(fighter.standing != Standing::Up || resources.health > 0);
        prop_assert!(fighter.standing != Standing::Down || resources.health == 0);
        prop_assert!(fighter.cooldowns.values().all(|rounds| *rounds > 0));
        let kinds: BTreeSet<_> = fighter.effects.iter().map(|active| active.kind).collect();
        prop_assert_eq!(kinds.len(), fighter.effects.len(), "each effect once");
        prop_assert!(fighter.effects.iter().all(|active| active.rounds >= 0));
        let supplies = fighter.played().map_or(&[][..], |played| &played.supplies);
        prop_assert!(supplies.iter().all(|supply| supply.quantity > 0));
    }
    match course.phase {
        Phase::Mustering => prop_assert!(course.active_place().is_none()),
        Phase::Over => prop_assert!(course.active_place().is_none()),
        Phase::Fighting => {
            prop_assert_eq!(course.decided(), None, "it goes on while both sides stand");
            let active = course.active_place().map(|place| &course.fighters[place]).unwrap();
            prop_assert!(active.is_up() && !active.is_enemy());
        }
    }
    prop_assert!(course.round <= LIMITS.rounds_max);
    Ok(())
}

/// What must hold of what an input told.
fn check_told(brought: &Brought, before: &Ring) -> Result<(), proptest::test_runner::TestCaseError> {
    let mut healths = healths(before);
    for message in brought.told() {
        match message {
            ServerMessage::CombatAction(action) => {
                let carried_away = action.action_type == ActionType::Flee;
                prop_assert!(
                    healths[&action.character_id] > 0 || carried_away,
                    "the dead do not act: {action:?}"
                );
            }
            ServerMessage::CombatDamage(damage) => {
                let health = healths.get_mut(&damage.target_id).unwrap();
                *health -= damage.amount;
                prop_assert!(damage.amount >= 0);
                prop_assert_eq!(*health, damage.health);
            }
            ServerMessage::CombatHeal(heal) => {
                let health = healths.get_mut(&heal.target_id).unwrap();
                *health += heal.amount;
                prop_assert!(heal.amount > 0);
                prop_assert_eq!(*health, heal.health);
            }
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn whatever_happens_a_combat_stays_sound(seed in any::<u64>(), fight in fights(), steps in steps()) {
        let (mut ring, members, _) = begin(seed, &fight);
        check(&ring)?;
        for step in &steps {
            let before = ring.clone();
            let brought = take(&mut ring, &members, step);
            check(&ring)?;
            check_told(&brought, &before)?;
            if brought.ended.is_err() {
                prop_assert_eq!(&ring.combat.course, &before.combat.course, "a refusal changes nothing");
                prop_assert_eq!(&brought.effects, &[]);
            }
        }
        // However it stands by now, it ends by itself: nobody has to do anything for that.
        for _ in 0..20_000 {
            if ring.combat.is_over() {
                break;
            }
            ring.pass(LIMITS.turn_ms);
            check(&ring)?;
        }
        prop_assert!(ring.combat.is_over());
        let mut released: Vec<CharacterId> = ring.aftermaths.iter().map(|one| one.character_id).collect();
        released.sort_unstable();
        let everybody: Vec<CharacterId> = members.iter().map(|who| who.id).collect();
        prop_assert_eq!(released, everybody, "each leaves with one aftermath");
        for aftermath in &ring.aftermaths {
            prop_assert!((1..=120).contains(&aftermath.health));
            prop_assert!(aftermath.experience >= 0 && aftermath.souls >= 0);
        }
        prop_assert!(ring.aftermaths.iter().filter(|one| one.prize.is_some()).count() <= 1);
    }

    #[test]
    fn the_same_seed_and_inputs_bring_the_same(seed in any::<u64>(), fight in fights(), steps in steps()) {
        let (mut one, members, began) = begin(seed, &fight);
        let (mut other, _, again) = begin(seed, &fight);
        prop_assert_eq!(began, again);
        for step in &steps {
            prop_assert_eq!(take(&mut one, &members, step), take(&mut other, &members, step));
            prop_assert_eq!(&one.combat.course, &other.combat.course);
            prop_assert_eq!(&one.dice, &other.dice);
        }
    }

    #[test]
    fn what_is_on_disk_goes_on_as_it_was(seed in any::<u64>(), fight in fights(), steps in steps()) {
        let (mut ring, members, mut brought) = begin(seed, &fight);
        let mut saved = None;
        for step in &steps {
            for effect in brought.iter().flat_map(|one| &one.effects) {
                if let Effect::Save(Save::Combat(save)) = effect {
                    saved = save.state.clone();
                }
            }
            if let (Some(state), Phase::Fighting) = (&saved, ring.combat.course.phase) {
                let course: crate::combat::course::Course = serde_json::from_str(state).unwrap();
                prop_assert_eq!(&course, &ring.combat.course, "every change is saved");
            }
            if !matches!(step, Step::Crash) {
                brought = vec![take(&mut ring, &members, step)];
            }
        }
    }

    #[test]
    fn nobody_is_in_two_places(seed in any::<u64>(), first in 1..7_u8) {
        let mut ring = Ring::new(seed);
        let against = Against::Enemies(vec![KINDS[0].to_owned()]);
        for index in 0..first {
            let joining = Joining { opening: None, ..entry(against.clone(), Side::First, false, recruit("Rogue")) };
            let brought = ring.enter(&member(i64::from(index % 3) + 1, FACTIONS[0]), joining);
            prop_assert!(brought.ended.is_ok());
        }
        let ids: BTreeSet<CharacterId> = ring.combat.course.fighters.iter().map(|one| one.id).collect();
        prop_assert_eq!(ids.len(), ring.combat.course.fighters.len());
    }
}
