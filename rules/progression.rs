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

/// The experience at which the next level begins; none after the last.
pub fn next_level_at(level: i32) -> Option<i64> {
    LEVEL_BEGINS.get(usize::try_from(level).ok()?).copied()
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
