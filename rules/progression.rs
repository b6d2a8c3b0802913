//! How characters grow: experience, levels, and what a level brings.

use protocol::ErrorCode;
use protocol::characters::{Progression, Resources, Stats};
use protocol::ids::INTEGER_MAX;

use crate::Refusal;
use crate::characters::plus;
use crate::content::Class;

/// The experience at which each level begins, the first at 0.
const LEVEL_BEGINS: [i64; 25] = [
    0, 100, 300, 600, 1000, 1500, 2100, 2800, 3600, 4500, 5500, 6600, 7800, 9100, 10500, 12000, 13600, 15300,
    17100, 19000, 21000, 23100, 25300, 27600, 30000,
];
pub const LEVEL_MAX: i32 = LEVEL_BEGINS.len() as i32;

/// What every level adds, whatever the class.
const HEALTH_GAIN: i32 = 10;
const STAMINA_GAIN: i32 = 8;
const MANA_GAIN: i32 = 12;
const GAIN_OF_ALL: Stats =
    Stats { strength: 0, dexterity: 0, intelligence: 0, constitution: 1, wisdom: 0, charisma: 0 };

/// The level that much experience is worth: 1 to 25.
pub fn level_at(experience: i64) -> i32 {
    LEVEL_BEGINS.iter().filter(|begins| **begins <= experience).count().max(1) as i32
}

/// What growing changes of a character.
#[derive(Debug)]
pub struct Growing<'a> {
    pub class: &'a Class,
    pub stats: &'a mut Stats,
    pub resources: &'a mut Resources,
    pub progression: &'a mut Progression,
}

/// Adds experience, and what the levels reached by it bring; each of them restores all resources.
///
/// Returns how many levels were gained.
///
/// # Errors
/// A refusal when the amount is negative or the sum more than JSON keeps exact.
pub fn gain_experience(who: Growing, amount: i64) -> Result<i32, Refusal> {
    if amount < 0 {
        return Err(Refusal::invalid("experience", "expected 0 or more: what was learnt stays"));
    }
    let experience = who.progression.experience.checked_add(amount).filter(|sum| *sum <= INTEGER_MAX);
    let Some(experience) = experience else {
        return Err(Refusal::new(ErrorCode::Conflict, "there is no more experience to be had"));
    };
    let levels = (level_at(experience) - who.progression.level).max(0);
    who.progression.experience = experience;
    for _ in 0..levels {
        level_up(who.class, who.stats, who.resources);
    }
    who.progression.level += levels;
    Ok(levels)
}

fn level_up(class: &Class, stats: &mut Stats, resources: &mut Resources) {
    *stats = plus(plus(*stats, GAIN_OF_ALL), class.level_gains);
    let max_health = resources.max_health + HEALTH_GAIN;
    let max_stamina = resources.max_stamina + STAMINA_GAIN;
    let max_mana = resources.max_mana + MANA_GAIN;
    let full = Resources {
        health: max_health,
        max_health,
        stamina: max_stamina,
        max_stamina,
        mana: max_mana,
        max_mana,
    };
    *resources = full;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::{prop_assert_eq, proptest};

    use super::{Growing, LEVEL_MAX, gain_experience, level_at};
    use crate::Content;
    use crate::content::Class;
    use protocol::characters::{Progression, Resources, Stats};
    use protocol::ids::INTEGER_MAX;

    type Sheet = (Stats, Resources, Progression);

    fn fresh() -> Sheet {
        let stats = Stats {
            strength: 10,
            dexterity: 10,
            intelligence: 10,
            constitution: 10,
            wisdom: 10,
            charisma: 10,
        };
        let resources =
            Resources { health: 1, max_health: 120, stamina: 2, max_stamina: 120, mana: 3, max_mana: 50 };
        (stats, resources, Progression { level: 1, experience: 0, souls: 50 })
    }

    fn gain(sheet: &mut Sheet, class: &Class, amount: i64) -> Option<i32> {
        let (stats, resources, progression) = sheet;
        gain_experience(Growing { class, stats, resources, progression }, amount).ok()
    }

    #[test]
    fn levels_begin_where_the_table_says() {
        for (experience, level) in [
            (0, 1),
            (99, 1),
            (100, 2),
            (299, 2),
            (300, 3),
            (10500, 15),
            (29_999, 24),
            (30_000, 25),
            (i64::MAX, 25),
        ] {
            assert_eq!(level_at(experience), level, "at {experience}");
        }
        assert_eq!(level_at(-1), 1);
    }

    #[test]
    fn a_level_makes_a_warrior_stronger_and_whole() {
        let (content, mut sheet) = (Content::builtin(), fresh());
        let warrior = content.class("Warrior").expect("there are warriors");
        assert_eq!(gain(&mut sheet, warrior, 350), Some(2));
        let (stats, resources, progression) = sheet;
        assert_eq!((stats.strength, stats.constitution, stats.dexterity), (14, 14, 10));
        let full = Resources {
            health: 140,
            max_health: 140,
            stamina: 136,
            max_stamina: 136,
            mana: 74,
            max_mana: 74,
        };
        assert_eq!(resources, full);
        assert_eq!((progression.level, progression.experience, progression.souls), (3, 350, 50));
    }

    #[test]
    fn without_a_level_nothing_is_restored() {
        let (content, mut sheet) = (Content::builtin(), fresh());
        assert_eq!(gain(&mut sheet, &content.classes()[0], 99), Some(0));
        assert_eq!(sheet.1, fresh().1);
    }

    #[test]
    fn there_is_no_level_beyond_the_last() {
        let (content, mut sheet) = (Content::builtin(), fresh());
        assert_eq!(gain(&mut sheet, &content.classes()[0], 1_000_000), Some(24));
        assert_eq!(gain(&mut sheet, &content.classes()[0], 1_000_000), Some(0));
        assert_eq!(sheet.2.level, LEVEL_MAX);
    }

    proptest! {
        #[test]
        fn experience_in_two_portions_is_worth_as_much_as_in_one(first in 0..40_000_i64, second in 0..40_000_i64) {
            let content = Content::builtin();
            for class in content.classes() {
                let (mut once, mut twice) = (fresh(), fresh());
                let levels = gain(&mut once, class, first + second);
                let one = gain(&mut twice, class, first);
                let other = gain(&mut twice, class, second);
                prop_assert_eq!(levels, one.zip(other).map(|(one, other)| one + other));
                prop_assert_eq!((once.0, once.2), (twice.0, twice.2));
                prop_assert_eq!(once.1.max_health, twice.1.max_health);
            }
        }

        #[test]
        fn a_refused_gain_changes_nothing(amount in any::<i64>(), before in 0..=INTEGER_MAX) {
            let content = Content::builtin();
            let mut sheet = fresh();
            sheet.2 = Progression { level: level_at(before), experience: before, souls: 0 };
            let untouched = sheet;
            let possible = (0..=INTEGER_MAX - before).contains(&amount);
            prop_assert_eq!(gain(&mut sheet, &content.classes()[0], amount).is_some(), possible);
            if !possible {
                prop_assert_eq!(sheet, untouched);
            }
        }
    }
}
