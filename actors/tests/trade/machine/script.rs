//! What people do in a run, and how their messages fare: made by proptest, which makes it shorter when it fails.

use proptest::prelude::{Just, Strategy, any, prop};
use proptest::prop_oneof;

pub const PEOPLE: usize = 3;
pub const FAULTS: [&str; 10] = [
    "trade.offer",
    "trade.accept",
    "trade.decline",
    "trade.enter",
    "trade.leave",
    "trade.tick",
    "world_shard.approach",
    "trade_accept",
    "trade_update",
    "session.saved",
];

/// What somebody does.
#[derive(Debug, Clone)]
pub enum Deed {
    Request {
        whom: usize,
    },
    /// By bits of the things he has; more souls than there are now and then.
    Offer {
        items: u8,
        potions: u32,
        souls: u32,
    },
    /// What he saw last, or something older.
    Accept {
        back: u32,
    },
    Decline,
    Equip {
        item: usize,
    },
    Unequip {
        item: usize,
    },
    Sell {
        item: usize,
    },
    Travel {
        to: i64,
    },
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
        4 => (0..PEOPLE).prop_map(|whom| Deed::Request { whom }),
        8 => (any::<u8>(), 0..3_u32, prop_oneof![0..60_u32, Just(u32::MAX)])
            .prop_map(|(items, potions, souls)| Deed::Offer { items, potions, souls }),
        9 => prop_oneof![8 => Just(0), 1 => 1..3_u32].prop_map(|back| Deed::Accept { back }),
        1 => Just(Deed::Decline),
        1 => (0..4_usize).prop_map(|item| Deed::Equip { item }),
        1 => (0..4_usize).prop_map(|item| Deed::Unequip { item }),
        1 => (0..4_usize).prop_map(|item| Deed::Sell { item }),
        1 => prop::sample::select(vec![1, 5]).prop_map(|to| Deed::Travel { to }),
        1 => Just(Deed::Drop),
        1 => Just(Deed::Reconnect),
        1 => Just(Deed::TakeOver),
        1 => Just(Deed::SignOutAndIn),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let fate = prop_oneof![6 => Just(Fate::Arrives), 2 => Just(Fate::Doubled), 1 => Just(Fate::Lost)];
    let fault = prop_oneof![12 => Just(None), 1 => (0..FAULTS.len()).prop_map(Some)];
    let wait_ms = prop_oneof![3 => Just(0), 5 => 1..60_u64, 1 => 60..400_u64];
    (0..PEOPLE, deed(), fate, fault, wait_ms).prop_map(|(who, deed, fate, fault, wait_ms)| Step {
        who,
        deed,
        fate,
        fault,
        wait_ms,
    })
}

/// Two who have a window open from the start, and whatever comes then.
pub fn script() -> impl Strategy<Value = Script> {
    let life = || prop::collection::vec(step(), 4..16);
    (any::<u64>(), prop::collection::vec(life(), 1..3)).prop_map(|(seed, lives)| Script { seed, lives })
}
