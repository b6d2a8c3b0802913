//! Turns, time, and who comes and goes.

use protocol::combat::{ActionType, Outcome, Side, Standing};
use protocol::{CharacterId, ErrorCode, ServerMessage};

use super::{LIMITS, Ring, act, entry, id, member, named, opening, recruit};
use crate::combat::{Against, Combat, CombatEntry, Phase};
use crate::venue::{Audience, Effect, Member, News, Save, Venue};

const ONE: CharacterId = CharacterId(1);
const TWO: CharacterId = CharacterId(2);

fn both() -> (Member, Member) {
    (member(1, "Golden Order"), member(2, "Shadowborn"))
}

fn active(ring: &Ring) -> CharacterId {
    let place = ring.combat.course.active_place().unwrap();
    ring.combat.course.fighters[place].id
}

#[test]
fn turns_go_round() {
    let (one, two) = both();
    let mut ring = Ring::duel(1, &one, &two);
    let first = active(&ring);
    for turn in 1..=10 {
        assert_eq!(ring.combat.course.turn, turn);
        assert_eq!(active(&ring) == first, turn % 2 == 1);
        let who = if active(&ring) == ONE { &one } else { &two };
        assert_eq!(ring.act(who, act(ActionType::Defend)).ended, Ok(()));
    }
    assert_eq!(ring.combat.course.round, 6);
}

#[test]
fn a_turn_that_runs_out_is_a_guard_raised() {
    let (one, two) = both();
    let mut ring = Ring::duel(1, &one, &two);
    let late = active(&ring);
    assert_eq!(ring.pass(LIMITS.turn_ms - 1).effects, []);
    let passed = ring.pass(1);
    let told: Vec<&str> = passed
        .told()
        .iter()
        .map(|message| match message {
            ServerMessage::CombatAction(action) => {
                assert_eq!((action.character_id, action.action_type), (late, ActionType::Defend));
                "action"
            }
            ServerMessage::CombatState(state) => {
                assert_eq!(state.turn_ends_in_ms, Some(LIMITS.turn_ms));
                "state"
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, ["action", "state"]);
    assert_ne!(active(&ring), late);
    // Who lets turn after turn pass does not hold up the others for long.
    let mut waited_ms = Vec::new();
    for _ in 0..5 {
        let ms = ring.combat.course.deadline_ms - ring.now.mono_ms;
        if active(&ring) == late {
            waited_ms.push(ms);
        }
        ring.pass(ms);
    }
    assert_eq!(waited_ms, [LIMITS.turn_ms, LIMITS.idle_turn_ms]);
}

#[test]
fn who_stays_away_is_struck_down() {
    let (one, two) = both();
    let mut ring = Ring::duel(1, &one, &two);
    ring.leave(&one);
    let mut waited_ms = 0;
    while !ring.combat.is_over() {
        if active(&ring) == TWO {
            ring.act(&two, act(ActionType::Defend));
        }
        ring.pass(500);
        waited_ms += 500;
    }
    assert_eq!(waited_ms, LIMITS.absent_ms);
    assert_eq!(ring.fighter(ONE).standing, Standing::Down);
    let outcomes: Vec<_> = ring.aftermaths.iter().map(|one| (one.outcome, one.health)).collect();
    assert_eq!(outcomes, [(Outcome::Won, 120), (Outcome::Lost, 30)]);
}

#[test]
fn who_deserts_shares_nothing() {
    let (one, two) = both();
    let mut ring = Ring::new(2);
    ring.enter(&two, crate::combat::Joining { opening: None, ..opening(&["hollow_soldier"]) });
    ring.enter(&one, opening(&["hollow_soldier"]));
    ring.leave(&two);
    ring.fighter_mut(TWO).hurt(1_000);
    while !ring.combat.is_over() {
        ring.fighter_mut(CharacterId(-1)).resources.health = 1;
        ring.fighter_mut(ONE).resources = recruit("Warrior").resources;
        ring.give_turn(ONE);
        ring.act(&one, act(ActionType::Attack));
    }
    let shares: Vec<_> = ring.aftermaths.iter().map(|one| (one.character_id, one.experience)).collect();
    assert_eq!(shares, [(TWO, 0), (ONE, 100)]);
}

#[test]
fn who_comes_back_goes_on() {
    let (one, two) = both();
    let mut ring = Ring::duel(1, &one, &two);
    ring.leave(&one);
    ring.pass(LIMITS.absent_ms - 1);
    let again = Member { epoch: 2, ..one.clone() };
    let back = ring.come_back(&again);
    assert_eq!(back.ended, Ok(()));
    assert!(back.effects.contains(&Effect::Inform(ONE, News::Fighting(id()))));
    let told_him = |effect: &Effect| matches!(effect, Effect::Tell(Audience::These(to), ServerMessage::CombatState(_)) if to == &[ONE]);
    assert!(back.effects.iter().any(told_him));
    let played = ring.fighter(ONE).played().unwrap();
    assert_eq!((played.epoch, played.class.as_str(), played.absent_since_ms), (2, "Warrior", None));
    ring.pass(1);
    assert!(ring.fighter(ONE).is_up());
}

#[test]
fn who_was_never_in_it_hears_that_it_is_over_for_him() {
    let (one, two) = both();
    let mut ring = Ring::duel(1, &one, &two);
    let before = ring.combat.course.clone();
    let back = ring.come_back(&member(3, "Shadowborn"));
    assert_eq!(back.effects, [Effect::Inform(CharacterId(3), News::Fought(id()))]);
    assert_eq!(ring.combat.course, before);
}

#[test]
fn what_nobody_begins_comes_to_nothing() {
    let (_, two) = both();
    let mut ring = Ring::new(1);
    ring.enter(&two, entry(Against::Characters, Side::Second, false, recruit("Warrior")));
    assert_eq!(ring.pass(LIMITS.muster_ms - 1).effects, []);
    let passed = ring.pass(1);
    assert!(ring.combat.is_over());
    let end = passed.effects.iter().find_map(|effect| match effect {
        Effect::Tell(Audience::These(to), ServerMessage::CombatEnd(end)) if to == &[TWO] => Some(end.outcome),
        _ => None,
    });
    assert_eq!(end, Some(Outcome::Ended));
    assert!(passed.effects.contains(&Effect::Inform(TWO, News::Fought(id()))));
    assert!(
        !passed.effects.iter().any(|effect| matches!(effect, Effect::Save(_))),
        "nothing was ever on disk"
    );
    let late = ring.enter(&member(3, "Shadowborn"), opening(&["corrupt_wolf"]));
    assert_eq!(late.ended.unwrap_err().code, ErrorCode::Conflict);
}

#[test]
fn what_can_not_begin_any_more_holds_nobody() {
    let (one, two) = both();
    let mut ring = Ring::new(1);
    ring.enter(&two, entry(Against::Characters, Side::Second, false, recruit("Warrior")));
    let off = ring.input(|combat, moment| combat.enter(&one, CombatEntry::CallOff, moment));
    assert!(ring.combat.is_over());
    for who in [ONE, TWO] {
        assert!(off.effects.contains(&Effect::Inform(who, News::Fought(id()))), "{:?}", off.effects);
    }
    // Of one that is under way nobody is put off by somebody who was never in it.
    let mut ring = Ring::duel(1, &one, &two);
    ring.input(|combat, moment| combat.enter(&member(3, "Shadowborn"), CombatEntry::CallOff, moment));
    assert_eq!(ring.combat.course.phase, Phase::Fighting);
}

#[test]
fn what_can_not_be_read_is_over_and_off_the_disk() {
    let mut ring = Ring::new(1);
    ring.combat = Combat::unreadable(id(), ring.content.clone(), LIMITS, ring.now);
    let passed = ring.pass(0);
    let saved = passed.effects.iter().find_map(|effect| match effect {
        Effect::Save(Save::Combat(save)) => Some(save.state.clone()),
        _ => None,
    });
    assert_eq!(saved, Some(None));
}

#[test]
fn who_leaves_before_it_begins_was_never_in_it() {
    let (one, two) = both();
    let mut ring = Ring::new(1);
    let challenged = entry(Against::Characters, Side::Second, false, recruit("Warrior"));
    ring.enter(&two, challenged);
    ring.leave(&two);
    let alone = ring.enter(&one, entry(Against::Characters, Side::First, true, recruit("Warrior")));
    assert_eq!(alone.ended.unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(ring.combat.course.phase, Phase::Mustering);
}

#[test]
fn nobody_wins_what_goes_on_for_too_long() {
    let (one, two) = both();
    let mut ring = Ring::duel(1, &one, &two);
    while !ring.combat.is_over() {
        let who = if active(&ring) == ONE { &one } else { &two };
        assert_eq!(ring.act(who, act(ActionType::Defend)).ended, Ok(()));
    }
    assert_eq!(ring.combat.course.round, LIMITS.rounds_max);
    assert!(ring.aftermaths.iter().all(|one| one.outcome == Outcome::Ended));
    let refusal = ring.act(&one, act(ActionType::Defend)).ended.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::Conflict);
}

#[test]
fn a_combat_that_comes_back_from_the_disk_waits_for_its_fighters() {
    let (one, two) = both();
    let mut ring = Ring::new(1);
    ring.enter(&two, entry(Against::Characters, Side::Second, false, recruit("Warrior")));
    let begun = ring.enter(&one, entry(Against::Characters, Side::First, true, recruit("Warrior")));
    let state = begun.effects.iter().find_map(|effect| match effect {
        Effect::Save(Save::Combat(save)) => save.state.clone(),
        _ => None,
    });
    // The process that comes after counts its time from 0.
    ring.now.mono_ms = 100;
    let restored = Combat::restore(&state.unwrap(), ring.content.clone(), LIMITS, &[TWO], ring.now).unwrap();
    ring.combat = restored;
    assert!(!ring.fighter(ONE).is_present() && ring.fighter(TWO).is_present());
    let whole = if active(&ring) == ONE { LIMITS.idle_turn_ms } else { LIMITS.turn_ms };
    assert_eq!(ring.combat.course.deadline_ms, 100 + whole);
    ring.pass(LIMITS.absent_ms);
    assert_eq!(ring.aftermaths.len(), 2, "nobody came back in time");
    assert!(Combat::restore("{}", ring.content.clone(), LIMITS, &[], ring.now).is_err());
}

#[test]
fn who_is_out_of_breath_gathers_it_by_resting() {
    let mut ring = super::rules::duel(1);
    ring.fighter_mut(ONE).resources.stamina = 5;
    let one = member(1, "Golden Order");
    let refused = ring.act(&one, act(ActionType::Attack)).ended.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotEnough);
    assert_eq!(ring.act(&one, named(ActionType::Defend, "rest")).ended, Ok(()));
    assert_eq!(ring.act(&member(2, "Shadowborn"), act(ActionType::Defend)).ended, Ok(()));
    assert_eq!(ring.fighter(ONE).resources.stamina, 15);
    assert_eq!(ring.act(&one, act(ActionType::Attack)).ended, Ok(()));
}

#[test]
fn nobody_is_shown_a_fight_that_has_not_begun() {
    let mut ring = Ring::new(1);
    let (one, two) = (member(1, "Golden Order"), member(2, "Golden Order"));
    let look = |ring: &mut Ring| {
        ring.input(|combat, moment| combat.apply(&one, crate::combat::CombatCommand::Look, moment)).effects
    };
    ring.enter(&one, crate::combat::Joining { opening: None, ..opening(&["hollow_soldier"]) });
    assert_eq!(look(&mut ring), []);
    let back = ring.come_back(&one);
    assert!(!back.effects.iter().any(|effect| matches!(effect, Effect::Tell(..))), "{back:?}");
    assert!(ring.enter(&two, opening(&["hollow_soldier"])).ended.is_ok());
    assert_eq!(look(&mut ring).len(), 1);
}
