//! Who comes upon whom, and how often.

use proptest::prelude::{any, prop};
use proptest::{prop_assert, prop_assert_eq, proptest};
use protocol::LocationId;
use rand::SeedableRng;

use super::{STRETCH_M, Wandering, comes_upon, likely};
use crate::content::{BUILTIN, Content, Location};
use crate::{Content as World, Dice};

const NEXUS: LocationId = LocationId(1);
const OUTPOST: LocationId = LocationId(11);
const VOLCANO: LocationId = LocationId(2);

/// The default world, with somebody behind every tree of the outpost.
fn dire(percent: i32) -> Content {
    let files: Vec<(&str, String)> = BUILTIN
        .iter()
        .map(|(name, text)| {
            let lines = text.lines().map(|line| match line.starts_with("ambush_percent") {
                true => format!("ambush_percent = {percent}"),
                false => line.to_owned(),
            });
            (*name, lines.collect::<Vec<_>>().join("\n"))
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    World::parse(&files).unwrap()
}

fn location(content: &Content, id: LocationId) -> &Location {
    content.location(id).unwrap()
}

#[test]
fn one_meets_those_who_are_nearest_in_level() {
    let content = Content::builtin();
    for (id, level, expected) in [
        (NEXUS, 1, &[][..]),
        (OUTPOST, 1, &["hollow_soldier", "corrupt_wolf"]),
        (OUTPOST, 20, &["corrupt_wolf", "skeleton_warrior"]),
        (VOLCANO, 1, &["dark_knight"]),
        (VOLCANO, 9, &["corrupted_guardian", "lord_of_cinders"]),
    ] {
        assert_eq!(likely(&content, location(&content, id), level), expected, "at level {level}");
    }
}

#[test]
fn nobody_lies_in_wait_where_it_is_safe_and_somebody_does_elsewhere() {
    let content = Content::builtin();
    for here in content.locations() {
        let dangerous = !here.safe && !here.enemies.is_empty();
        assert_eq!((1..=5).contains(&here.ambush_percent), dangerous, "{}", here.name);
        let mut dice = Dice::seed_from_u64(7);
        let times = (0..10_000).filter(|_| comes_upon(&content, here, 3, &mut dice).is_some()).count();
        let expected = 100 * here.ambush_percent as usize;
        assert!(times.abs_diff(expected) <= 80, "{}: {times} of 10,000", here.name);
    }
}

proptest! {
    /// The same way with the same dice, in whatever steps: the dice are thrown once for each hundred metres.
    #[test]
    fn the_dice_are_thrown_once_a_stretch(
        seed in any::<u64>(),
        steps in prop::collection::vec(0.0..6.0_f64, 1..500),
    ) {
        let content = dire(100);
        let here = location(&content, OUTPOST);
        let (mut wandering, mut dice) = (Wandering::default(), Dice::seed_from_u64(seed));
        let (mut met, mut gone_m) = (0, 0.0);
        for step in &steps {
            gone_m += step;
            if let Some(kind) = wandering.go_on(*step, &content, here, 3, &mut dice) {
                met += 1;
                prop_assert!(here.enemies.iter().any(|enemy| enemy == kind));
            }
        }
        prop_assert!((f64::from(met) - (gone_m / STRETCH_M).floor()).abs() <= 1.0, "{met} in {gone_m} m");
        prop_assert!(wandering.gone_m < STRETCH_M);
    }

    #[test]
    fn the_same_dice_bring_the_same(seed in any::<u64>(), level in 1..26) {
        let content = dire(50);
        let here = location(&content, OUTPOST);
        let times = |seed| {
            let mut dice = Dice::seed_from_u64(seed);
            (0..50).map(|_| comes_upon(&content, here, level, &mut dice)).collect::<Vec<_>>()
        };
        prop_assert_eq!(times(seed), times(seed));
    }
}
