//! What the state machines of parties and trades have in common: scripts that proptest makes and makes shorter, people
//! whose messages are doubled and lost and who come and go, and a count of what occurred.

mod people;
mod script;

pub use people::{Census, Client, is_passing};
pub use script::{Deed, Fate, Script, Step, life, script, step};

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Cases of one test, unless the environment says otherwise: there are eight, so 2,000 in all.
const CASES: u32 = 250;

/// How often each situation occurred that a machine is meant to bring about.
#[derive(Default)]
pub struct Tally(RefCell<BTreeMap<&'static str, u32>>);

impl Tally {
    pub fn note(&self, situation: &'static str) {
        *self.0.borrow_mut().entry(situation).or_default() += 1;
    }

    fn count(&self, situation: &str) -> u32 {
        self.0.borrow().get(situation).copied().unwrap_or(0)
    }
}

/// Plays out the scripts that `seed` makes: what passed once passes again. With `variable` in the environment they are so
/// many and nobody has seen them before; `PROPTEST_RNG_SEED` repeats such a run, and a failure names it.
///
/// What has to be met on the way is named with how often that is at least in 2,000 cases; one test of eight has to meet an
/// eighth of it. That is far below what chance brings, so that it says what a machine no longer does, not what luck it had.
///
/// Many cases take less time where `TMPDIR` is memory.
pub fn prove<S: Strategy>(
    variable: &str,
    seed: u64,
    scripts: S,
    situations: &[(&'static str, u32)],
    play_out: impl Fn(S::Value, &Tally),
) {
    let asked = std::env::var(variable).ok().map(|cases| cases.parse().expect("how many cases"));
    let mut config = Config { cases: asked.unwrap_or(CASES), failure_persistence: None, ..Config::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(asked.map_or(seed, |_| getrandom::u64().unwrap()));
    }
    let (cases, seed, tally) = (config.cases, config.rng_seed, Tally::default());
    let proved = TestRunner::new(config).run(&scripts, |script| {
        play_out(script, &tally);
        Ok(())
    });
    if let Err(failure) = proved {
        panic!("{failure}\nPROPTEST_RNG_SEED={seed} repeats it");
    }
    println!("{cases} cases: {:?}", tally.0.borrow());
    if cases < CASES {
        return;
    }
    for (situation, at_least) in situations {
        let (met, at_least) = (tally.count(situation), u64::from(*at_least) * u64::from(cases) / 2_000);
        assert!(u64::from(met) >= at_least, "{situation}: {met} times, expected {at_least} (seed {seed})");
    }
}

/// The same property under eight names, each with a seed of its own: cores share the work.
macro_rules! eight_times {
    ($property:path) => {
        crate::machine::eight_times! {
            $property => whatever_happens_first(1) whatever_happens_second(2) whatever_happens_third(3)
            whatever_happens_fourth(4) whatever_happens_fifth(5) whatever_happens_sixth(6)
            whatever_happens_seventh(7) whatever_happens_eighth(8)
        }
    };
    ($property:path => $($name:ident($seed:literal))*) => {
        $(#[test] fn $name() { $property($seed); })*
    };
}
pub(crate) use eight_times;
