//! What people do in a run, and how their messages fare: made by proptest, which makes it shorter when it fails.

use proptest::prelude::{Just, Strategy, any, prop};
use proptest::prop_oneof;

pub const PEOPLE: usize = 4;
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
#[derive(Debug, Clone)]
pub enum Deed {
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
    Drop,
    Reconnect,
    /// Another session takes the character over.
    TakeOver,
    SignOutAndIn,
}

/// How his message fares.
#[derive(Debug, Clone, Copy)]
pub enum Fate {
    Arrives,
    Doubled,
    Lost,
}

#[derive(Debug, Clone)]
pub struct Step {
    pub who: usize,
    pub deed: Deed,
    pub fate: Fate,
    /// Of [`FAULTS`].
    pub fault: Option<usize>,
    pub wait_ms: u64,
}

/// A run is one process after the other, each killed but the last.
#[derive(Debug, Clone)]
pub struct Script {
    pub seed: u64,
    pub lives: Vec<Vec<Step>>,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Create),
        8 => (0..PEOPLE).prop_map(|whom| Deed::Invite { whom }),
        8 => any::<bool>().prop_map(|by_name| Deed::Accept { by_name }),
        1 => any::<bool>().prop_map(|by_name| Deed::Decline { by_name }),
        2 => Just(Deed::Leave),
        2 => (0..PEOPLE).prop_map(|whom| Deed::Kick { whom }),
        1 => Just(Deed::Change),
        1 => Just(Deed::Disband),
        2 => Just(Deed::Say),
        1 => Just(Deed::Drop),
        1 => Just(Deed::Reconnect),
        2 => Just(Deed::TakeOver),
        2 => Just(Deed::SignOutAndIn),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let fate = prop_oneof![6 => Just(Fate::Arrives), 2 => Just(Fate::Doubled), 1 => Just(Fate::Lost)];
    let fault = prop_oneof![12 => Just(None), 1 => (0..FAULTS.len()).prop_map(Some)];
    // Now and then so long that a leader is missed, an invitation runs out, or somebody is out.
    let wait_ms = prop_oneof![3 => Just(0), 8 => 1..60_u64, 2 => 60..400_u64, 1 => 1_000..6_000_u64];
    (0..PEOPLE, deed(), fate, fault, wait_ms).prop_map(|(who, deed, fate, fault, wait_ms)| Step {
        who,
        deed,
        fate,
        fault,
        wait_ms,
    })
}

pub fn script() -> impl Strategy<Value = Script> {
    let life = || prop::collection::vec(step(), 6..20);
    (any::<u64>(), prop::collection::vec(life(), 1..3)).prop_map(|(seed, lives)| Script { seed, lives })
}
