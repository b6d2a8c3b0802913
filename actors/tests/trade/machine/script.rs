//! What the people of a run do about their trades.

use proptest::prelude::{Just, Strategy, any, prop};
use proptest::prop_oneof;

use super::ledger::POTION;
use crate::machine::{self, Deed, Fate, Step};

pub const PEOPLE: usize = 3;
/// Where they go; they begin in the first.
pub const LOCATIONS: [i64; 2] = [1, 5];
/// That everybody has at first.
pub const POTIONS: u32 = 3;
pub const SOULS: u32 = 200;
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

/// What somebody does. Items are his own first, then the others'.
#[derive(Debug, Clone, Copy)]
pub enum Play {
    Request {
        whom: usize,
    },
    /// By bits of the items; more than there is now and then.
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
    /// An item, or a potion.
    Sell {
        item: Option<usize>,
    },
    /// A potion.
    Use,
    Buy {
        kind: &'static str,
        quantity: u32,
    },
    /// An item, or a potion.
    LayDown {
        item: Option<usize>,
    },
    /// Of what was seen to lie there; beyond that what lies there no more.
    PickUp {
        heap: usize,
    },
    Travel {
        to: i64,
    },
}

pub type Script = machine::Script<Play>;

/// Two at once.
fn buy(kind: &'static str) -> Play {
    Play::Buy { kind, quantity: 2 }
}

fn play() -> impl Strategy<Value = Play> {
    let items = prop_oneof![6 => 0..4_u8, 1 => any::<u8>()];
    let souls = prop_oneof![6 => 0..60_u32, 1 => Just(u32::MAX), 2 => SOULS - 10..SOULS + 90];
    let item = || 0..4_usize;
    let some = || prop_oneof![Just(None), item().prop_map(Some)];
    prop_oneof![
        5 => (0..PEOPLE).prop_map(|whom| Play::Request { whom }),
        8 => (items, 0..6_u32, souls)
            .prop_map(|(items, potions, souls)| Play::Offer { items, potions, souls }),
        10 => prop_oneof![8 => Just(0), 1 => 1..3_u32].prop_map(|back| Play::Accept { back }),
        1 => Just(Play::Decline),
        2 => item().prop_map(|item| Play::Equip { item }),
        1 => item().prop_map(|item| Play::Unequip { item }),
        1 => some().prop_map(|item| Play::Sell { item }),
        2 => Just(Play::Use),
        1 => prop::sample::select(vec!["longsword", POTION]).prop_map(buy),
        2 => some().prop_map(|item| Play::LayDown { item }),
        2 => (0..3_usize).prop_map(|heap| Play::PickUp { heap }),
        1 => prop::sample::select(LOCATIONS.to_vec()).prop_map(|to| Play::Travel { to }),
    ]
}

/// How far the first two are with a trade when the rest begins.
fn opening() -> impl Strategy<Value = Vec<Step<Play>>> {
    let step =
        |who, play| Step { who, deed: Deed::Play(play), fate: Fate::Arrives, fault: None, wait_ms: 90 };
    let offer = |who, items, souls| step(who, Play::Offer { items, potions: 1, souls });
    let accept = |who, back| step(who, Play::Accept { back });
    let asked = vec![step(0, Play::Request { whom: 1 })];
    let open = [asked.clone(), vec![step(1, Play::Offer { items: 0, potions: 0, souls: 0 })]].concat();
    let offered = [open.clone(), vec![offer(0, 1, 5), offer(1, 2, 0)]].concat();
    let accepted = [offered.clone(), vec![accept(0, 0)]].concat();
    let stale = [accepted.clone(), vec![accept(0, 1), step(0, Play::Equip { item: 1 })]].concat();
    let changed = [accepted.clone(), vec![offer(1, 0, 3)]].concat();
    let completed = [accepted.clone(), vec![accept(1, 0)]].concat();
    let all = step(0, Play::Offer { items: 1, potions: POTIONS, souls: SOULS });
    let greedy = [Play::Use, buy(POTION), Play::LayDown { item: Some(0) }, Play::Sell { item: Some(0) }];
    let greedy = greedy.into_iter().chain([Play::LayDown { item: None }, Play::Sell { item: None }]);
    let greedy = [open.clone(), vec![all], greedy.map(|play| step(0, play)).collect()].concat();
    let grabbed = vec![
        step(0, Play::LayDown { item: Some(0) }),
        Step { wait_ms: 0, ..step(1, Play::PickUp { heap: 0 }) },
        step(2, Play::PickUp { heap: 0 }),
    ];
    let gone = [
        accepted.clone(),
        vec![step(1, Play::Travel { to: 5 }), step(0, Play::Equip { item: 1 }), accept(1, 0)],
    ];
    let gone = gone.concat();
    prop::sample::select(vec![
        Vec::new(),
        asked,
        open,
        offered,
        accepted,
        stale,
        changed,
        completed,
        gone,
        greedy,
        grabbed,
    ])
}

pub fn script() -> impl Strategy<Value = Script> {
    // Now and then so long that the window closes.
    let wait_ms = prop_oneof![36 => Just(0), 60 => 1..60_u64, 12 => 60..400_u64, 1 => 4_000..5_000_u64];
    let any_step = machine::step(PEOPLE, play(), &FAULTS, wait_ms);
    machine::script(machine::life(opening(), any_step, 4..=15))
}
