//! A fight that is well passes, and each thing that is wrong with one is found.

use std::collections::BTreeMap;

use protocol::combat::{
    ActionResult, ActionType, CombatAction, CombatDamage, CombatEnd, CombatHeal, CombatStart, CombatState,
    Outcome, Participant, Side, Standing,
};
use protocol::{CharacterId, LocationId};

use super::{Fights, Told};
use crate::oracle::{Outcome as Judged, Verdict};

const FIGHT: &str = "f";
/// An enemy of the second level.
const WOLF: i64 = -1;

fn participants(health: [i32; 3]) -> Vec<Participant> {
    let one = |(id, health): (i64, i32)| Participant {
        character_id: CharacterId(id),
        name: format!("Fighter {id}"),
        level: 2,
        health,
        max_health: 50,
        stamina: 50,
        max_stamina: 50,
        mana: 50,
        max_mana: 50,
        is_enemy: id < 0,
        rank: None,
        side: if id < 0 { Side::Second } else { Side::First },
        standing: if health > 0 { Standing::Up } else { Standing::Down },
        effects: Vec::new(),
        effect_turns: BTreeMap::new(),
        cooldowns: BTreeMap::new(),
    };
    [10, 11, WOLF].into_iter().zip(health).map(one).collect()
}

/// Something told, whole, so that a course can be changed here and there.
#[derive(Debug, Clone)]
enum Said {
    Start([i32; 3]),
    Action(i64),
    Damage(i64, i32, i32),
    Heal(i64, i32, i32),
    State(u32, i64, [i32; 3]),
    End(Outcome, i64, i64),
}

use Said::{Action, Damage, End, Heal, Start, State};

fn tell(fights: &mut Fights, bot: usize, said: &Said) {
    let combat_id = FIGHT.to_owned();
    match *said {
        Start(health) => fights.told(
            bot,
            Told::Start(&CombatStart {
                combat_id,
                location_id: LocationId(11),
                participants: participants(health),
                turn_order: vec![CharacterId(10), CharacterId(11), CharacterId(WOLF)],
            }),
        ),
        Action(who) => fights.told(
            bot,
            Told::Action(&CombatAction {
                combat_id,
                character_id: CharacterId(who),
                action_type: ActionType::Attack,
                target_id: None,
                ability_name: None,
                item_id: None,
                item_kind: None,
                result: ActionResult::Hit,
            }),
        ),
        Damage(target, amount, health) => fights.told(
            bot,
            Told::Damage(&CombatDamage {
                combat_id,
                source_id: None,
                target_id: CharacterId(target),
                amount,
                critical: false,
                health,
            }),
        ),
        Heal(target, amount, health) => fights.told(
            bot,
            Told::Heal(&CombatHeal {
                combat_id,
                source_id: None,
                target_id: CharacterId(target),
                amount,
                health,
            }),
        ),
        State(turn_number, active, health) => fights.told(
            bot,
            Told::State(&CombatState {
                combat_id,
                turn_number,
                active_character_id: CharacterId(active),
                turn_ends_in_ms: None,
                participants: participants(health),
                combat_log: Vec::new(),
                is_finished: active == 0,
            }),
        ),
        End(outcome, experience, souls) => fights
            .told(bot, Told::End(&CombatEnd { combat_id, outcome, experience, souls, loot: Vec::new() })),
    }
}

/// A fight of 10 and 11 against a wolf, as the first of them is told.
fn course() -> Vec<Said> {
    vec![
        Start([50, 40, 30]),
        State(1, 10, [50, 40, 30]),
        Action(10),
        Damage(WOLF, 20, 10),
        Action(WOLF),
        Damage(11, 15, 25),
        State(3, 11, [50, 25, 10]),
        Heal(11, 5, 30),
        Action(11),
        Damage(WOLF, 10, 0),
        State(3, 0, [50, 30, 0]),
        End(Outcome::Won, 100, 120),
    ]
}

fn judge(first: &[Said], second: &[Said]) -> Verdict {
    let mut fights = Fights::default();
    for (bot, course) in [(0, first), (1, second)] {
        course.iter().for_each(|said| tell(&mut fights, bot, said));
    }
    fights.verdict().unwrap()
}

#[test]
fn a_fight_that_is_well_is_compared_and_added_up() {
    let verdict = judge(&course(), &course());
    assert_eq!(verdict.outcome, Judged::Kept, "{verdict:?}");
    assert!(verdict.evidence.contains("1 fighters were told as the others"), "{verdict:?}");
    assert!(verdict.evidence.contains("what 1 fights brought"), "{verdict:?}");
    assert!(Fights::default().verdict().is_none());
    let unfinished = judge(&course()[..4], &course()[..3]);
    assert_eq!(unfinished.outcome, Judged::Unproved, "{unfinished:?}");
}

#[test]
fn each_fault_is_found() {
    type Change = fn(&mut Vec<Said>);
    let cases: [(&str, Change); 14] = [
        // A blow is lost, told twice, told late.
        ("out of order", |course| course.retain(|said| !matches!(said, Damage(WOLF, 20, _)))),
        ("out of order", |course| course.insert(4, Damage(WOLF, 20, 10))),
        ("out of order", |course| course.swap(5, 9)),
        ("out of order", |course| course[7] = Heal(11, 6, 30)),
        ("out of order", |course| course[6] = State(3, 11, [50, 40, 10])),
        ("out of turn", |course| course[2] = Action(11)),
        ("out of turn", |course| course.insert(3, Action(10))),
        ("turns go back", |course| course[10] = State(2, 0, [50, 30, 0])),
        ("begun twice", |course| course.insert(1, Start([50, 40, 30]))),
        ("ended twice", |course| course.push(End(Outcome::Won, 100, 120))),
        ("after the end", |course| course.push(Action(WOLF))),
        ("no beginning", |course| course.retain(|said| !matches!(said, Start(_)))),
        ("told in two ways", |course| course[6] = State(3, 10, [50, 25, 10])),
        // Nobody but this one is told of a move.
        ("told in two ways", |course| course.insert(4, Action(WOLF))),
    ];
    for (kind, change) in cases {
        let mut changed = course();
        change(&mut changed);
        let verdict = judge(&course(), &changed);
        assert_eq!(verdict.outcome, Judged::Broken, "{kind}: {verdict:?}");
        assert!(verdict.faults.of(kind) > 0, "{kind}: {verdict:?}");
    }
}

#[test]
fn what_is_shared_is_what_it_was_worth() {
    for (end, is_well) in [
        (End(Outcome::Won, 100, 120), true),
        (End(Outcome::Won, 99, 120), false),
        (End(Outcome::Won, 150, 120), false),
        (End(Outcome::Won, 100, 190), false),
        (End(Outcome::Lost, 100, 0), false),
    ] {
        let mut changed = course();
        *changed.last_mut().unwrap() = end.clone();
        let verdict = judge(&course(), &changed);
        assert_eq!(verdict.faults.of("not what it is worth"), u64::from(!is_well), "{end:?}: {verdict:?}");
    }
}

#[test]
fn a_challenge_may_come_to_nothing() {
    let nothing = judge(&[End(Outcome::Ended, 0, 0)], &[End(Outcome::Ended, 0, 0)]);
    assert_eq!(nothing.outcome, Judged::Kept, "{nothing:?}");
    let won = judge(&[End(Outcome::Won, 0, 0)], &[]);
    assert_eq!(won.faults.of("no beginning"), 1, "{won:?}");
}

#[test]
fn whoever_gets_away_is_told_no_more() {
    let mut fled = course()[..4].to_vec();
    fled.push(End(Outcome::Fled, 0, 0));
    let mut alone = course();
    *alone.last_mut().unwrap() = End(Outcome::Won, 200, 240);
    let verdict = judge(&alone, &fled);
    assert_eq!(verdict.outcome, Judged::Kept, "{verdict:?}");
    fled.push(Action(WOLF));
    let verdict = judge(&alone, &fled);
    assert_eq!(verdict.faults.of("after the end"), 1, "{verdict:?}");
}

#[test]
fn whoever_missed_something_is_judged_by_what_it_was_told() {
    let with_gap = |after: &[Said]| {
        let mut fights = Fights::default();
        course().iter().for_each(|said| tell(&mut fights, 0, said));
        course()[..3].iter().for_each(|said| tell(&mut fights, 1, said));
        fights.interrupted(1);
        after.iter().for_each(|said| tell(&mut fights, 1, said));
        fights.verdict().unwrap()
    };
    let verdict = with_gap(&course()[6..]);
    assert_eq!(verdict.outcome, Judged::Kept, "{verdict:?}");
    let mut changed = course()[6..].to_vec();
    changed[2] = Damage(WOLF, 10, 0);
    assert!(with_gap(&changed).faults.of("told in two ways") > 0);
}
