//! What people do in a run, and how their messages fare.

use std::fmt::Debug;
use std::ops::RangeInclusive;

use proptest::prelude::{Just, Strategy, any, prop};
use proptest::prop_oneof;

/// What somebody does: something of the game, or with his connection and his sessions.
#[derive(Debug, Clone)]
pub enum Deed<D> {
    Play(D),
    Drop,
    Reconnect,
    /// Another session takes the character over.
    TakeOver,
    SignOutAndIn,
    /// Stays away until he does something else.
    SignOut,
}

/// How his message fares.
#[derive(Debug, Clone, Copy)]
pub enum Fate {
    Arrives,
    Doubled,
    Lost,
}

#[derive(Debug, Clone)]
pub struct Step<D> {
    pub who: usize,
    pub deed: Deed<D>,
    pub fate: Fate,
    /// What is armed to panic from now on.
    pub fault: Option<&'static str>,
    pub wait_ms: u64,
}

/// A run is one process after the other, each killed but the last.
#[derive(Debug, Clone)]
pub struct Script<D> {
    pub seed: u64,
    pub lives: Vec<Vec<Step<D>>>,
}

fn any_deed<D: Debug + Clone>(play: impl Strategy<Value = D>) -> impl Strategy<Value = Deed<D>> {
    prop_oneof![
        28 => play.prop_map(Deed::Play),
        1 => Just(Deed::Drop),
        1 => Just(Deed::Reconnect),
        1 => Just(Deed::TakeOver),
        1 => Just(Deed::SignOutAndIn),
        1 => Just(Deed::SignOut),
    ]
}

/// One step of one of so many people.
pub fn step<D: Debug + Clone>(
    people: usize,
    play: impl Strategy<Value = D>,
    faults: &'static [&'static str],
    wait_ms: impl Strategy<Value = u64>,
) -> impl Strategy<Value = Step<D>> {
    let fate = prop_oneof![6 => Just(Fate::Arrives), 2 => Just(Fate::Doubled), 1 => Just(Fate::Lost)];
    let fault = prop_oneof![20 => Just(None), 1 => prop::sample::select(faults).prop_map(Some)];
    (0..people, any_deed(play), fate, fault, wait_ms).prop_map(|(who, deed, fate, fault, wait_ms)| Step {
        who,
        deed,
        fate,
        fault,
        wait_ms,
    })
}

/// An opening, and whatever comes then.
pub fn life<D: Debug + Clone>(
    opening: impl Strategy<Value = Vec<Step<D>>>,
    step: impl Strategy<Value = Step<D>>,
    steps: RangeInclusive<usize>,
) -> impl Strategy<Value = Vec<Step<D>>> {
    (opening, prop::collection::vec(step, steps)).prop_map(|(mut opening, steps)| {
        opening.extend(steps);
        opening
    })
}

/// One life or two.
pub fn script<D: Debug + Clone>(
    life: impl Strategy<Value = Vec<Step<D>>>,
) -> impl Strategy<Value = Script<D>> {
    (any::<u64>(), prop::collection::vec(life, 1..3)).prop_map(|(seed, lives)| Script { seed, lives })
}
