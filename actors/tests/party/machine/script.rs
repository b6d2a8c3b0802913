//! What the people of a run do about their parties.

use proptest::prelude::{Just, Strategy, any, prop};
use proptest::prop_oneof;

use crate::machine::{self, Deed, Fate, Step};

pub const PEOPLE: usize = 5;
pub const FAULTS: [&str; 12] = [
    "party.enter",
    "party.leave",
    "party.tick",
    "party.invite",
    "party.decline",
    "party.leave_for_good",
    "party.kick",
    "party.say",
    "party.disband",
    "party_create",
    "party_accept",
    "party_leave",
];

/// What somebody does.
#[derive(Debug, Clone, Copy)]
pub enum Play {
    Create,
    Invite {
        whom: usize,
    },
    /// The newest he knows of by its name, or whichever the server takes.
    Accept {
        by_name: bool,
    },
    Decline {
        by_name: bool,
    },
    Leave,
    Kick {
        whom: usize,
    },
    Change,
    Disband,
    Say,
}

pub type Script = machine::Script<Play>;

fn play() -> impl Strategy<Value = Play> {
    prop_oneof![
        3 => Just(Play::Create),
        9 => (0..PEOPLE).prop_map(|whom| Play::Invite { whom }),
        9 => any::<bool>().prop_map(|by_name| Play::Accept { by_name }),
        2 => any::<bool>().prop_map(|by_name| Play::Decline { by_name }),
        2 => Just(Play::Leave),
        4 => (0..PEOPLE).prop_map(|whom| Play::Kick { whom }),
        1 => Just(Play::Change),
        3 => Just(Play::Disband),
        2 => Just(Play::Say),
    ]
}

fn step(who: usize, play: Play) -> Step<Play> {
    Step { who, deed: Deed::Play(play), fate: Fate::Arrives, fault: None, wait_ms: 80 }
}

/// A party of the first of these and of all whom he `asks` one by one, but the last does not answer.
fn gathering(leader: usize, asks: &[usize]) -> Vec<Step<Play>> {
    let mut steps = vec![step(leader, Play::Create)];
    for whom in asks {
        steps.push(step(leader, Play::Invite { whom: *whom }));
        steps.push(step(*whom, Play::Accept { by_name: false }));
    }
    steps.truncate(steps.len() - 1);
    steps
}

/// So that what takes many steps to bring about is there often.
fn opening() -> impl Strategy<Value = Vec<Step<Play>>> {
    let (invite, accept) =
        (|whom| step(0, Play::Invite { whom }), |who| step(who, Play::Accept { by_name: false }));
    let two = [gathering(0, &[1, 2]), gathering(3, &[4, 2])].concat();
    let full = [gathering(0, &[1, 2]), vec![accept(2)]].concat();
    let for_one_of_two = [gathering(0, &[1, 2]), vec![invite(3), accept(2)]].concat();
    let declined = [gathering(0, &[1, 2]), vec![step(2, Play::Decline { by_name: true })]].concat();
    let raced = {
        let disband = Step { wait_ms: 0, ..step(0, Play::Disband) };
        [gathering(0, &[1, 2]), vec![disband, accept(2)]].concat()
    };
    let left_alone = |wait_ms| {
        let goes = Step { deed: Deed::SignOut, wait_ms, ..step(0, Play::Say) };
        [gathering(0, &[1, 2]), vec![accept(2), goes]].concat()
    };
    let sooner_or_later = |wait_ms| {
        let mut steps = gathering(0, &[1, 2]);
        steps.last_mut().expect("there are some").wait_ms = wait_ms;
        steps
    };
    prop::sample::select(vec![
        Vec::new(),
        gathering(0, &[1]),
        two,
        full,
        [for_one_of_two.clone(), vec![accept(3)]].concat(),
        for_one_of_two,
        [declined.clone(), vec![accept(2), invite(2)]].concat(),
        declined,
        raced,
        left_alone(2_500),
        left_alone(6_000),
        sooner_or_later(4_990),
        sooner_or_later(5_010),
    ])
}

pub fn script() -> impl Strategy<Value = Script> {
    // Now and then so long that a leader is missed, an invitation runs out, or somebody is out.
    let wait_ms = prop_oneof![
        12 => Just(0),
        24 => 1..60_u64,
        6 => 60..400_u64,
        1 => 1_000..3_000_u64,
        2 => 3_000..8_000_u64,
    ];
    let any_step = machine::step(PEOPLE, play(), &FAULTS, wait_ms);
    machine::script(machine::life(opening(), any_step, 5..=16))
}
