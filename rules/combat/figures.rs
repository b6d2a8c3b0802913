//! The documented formulas, in integers: what stats make of a fighter, whether a blow meets, what it does.

use protocol::characters::Stats;
use rand::RngExt;

use crate::Dice;
use crate::characters::modifier;

/// What every blow meets at least and at most, in percent.
const HIT_PERCENT: std::ops::RangeInclusive<i64> = 10..=95;
/// What a guard lets through, in percent.
const BLOCKED_PERCENT: i64 = 40;
/// What a dodge adds to evasion, in percent.
const DODGE_BONUS: i64 = 20;
/// What a parry turns at an initiative of 0, in percent.
const PARRY_BASE: i64 = 30;

/// What a fighter can do, by its stats and what it wears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    pub attack: i64,
    pub defense: i64,
    pub accuracy: i64,
    pub evasion: i64,
    pub critical_percent: i64,
    /// Times ten: 15 is one and a half.
    pub critical_tenths: i64,
    pub initiative: i64,
}

/// A way to strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blow {
    /// What `ability_name` calls it.
    pub name: &'static str,
    pub stamina: i32,
    pub accuracy_percent: i64,
    /// Times ten.
    pub damage_tenths: i64,
    pub critical_percent: i64,
    /// How often it leaves a wound that bleeds.
    pub bleed_percent: i32,
}

pub const LIGHT: Blow = Blow {
    name: "light",
    stamina: 15,
    accuracy_percent: 110,
    damage_tenths: 10,
    critical_percent: 5,
    bleed_percent: 0,
};
pub const HEAVY: Blow = Blow {
    name: "heavy",
    stamina: 35,
    accuracy_percent: 80,
    damage_tenths: 22,
    critical_percent: 15,
    bleed_percent: 30,
};
/// What a wound of a heavy blow does: rounds, and health a round.
pub const WOUND: (i32, i32) = (3, 5);

impl Figures {
    /// `slowed`: by how much less its modifier of dexterity counts.
    pub fn of(stats: &Stats, attack_bonus: i32, defense_bonus: i32, slowed: i32) -> Self {
        let strength = i64::from(modifier(stats.strength));
        let dexterity = i64::from(modifier(stats.dexterity)) - i64::from(slowed);
        Self {
            attack: (10 + strength + i64::from(attack_bonus)).max(1),
            defense: (10 + dexterity + i64::from(defense_bonus)).max(0),
            accuracy: (60 + 3 * dexterity + 2 * strength).max(10),
            evasion: (10 + 4 * dexterity).max(0),
            critical_percent: (5 + dexterity).clamp(1, 50),
            critical_tenths: (15 + strength).max(10),
            initiative: (10 + dexterity).max(1),
        }
    }

    /// How often this blow of his meets somebody as evasive as that.
    pub fn hit_percent(&self, blow: &Blow, evasion: i64) -> i64 {
        let accuracy = self.accuracy * blow.accuracy_percent;
        (accuracy - 100 * evasion).div_euclid(100).clamp(*HIT_PERCENT.start(), *HIT_PERCENT.end())
    }

    pub fn dodge_percent(&self) -> i64 {
        self.evasion + DODGE_BONUS
    }

    pub fn parry_percent(&self) -> i64 {
        PARRY_BASE + 2 * self.initiative
    }

    /// What a blow does before it meets armour. `strength`: what the striker has of its attack, in
    /// hundredths of a percent.
    pub fn damage(&self, blow: &Blow, strength: i64, critical: bool) -> i64 {
        let damage = self.attack * blow.damage_tenths * strength / 100_000;
        if critical { damage * self.critical_tenths / 10 } else { damage }
    }
}

/// What of some damage gets through to somebody with that much defence: half of it stays outside, and most of the rest
/// with a guard raised. `percent`: what it is under.
pub fn through(damage: i64, defense: i64, defense_percent: i64, blocking: bool, percent: i64) -> i64 {
    // In hundredths of half a point, so that nothing is rounded before the end.
    let halves = (200 * damage - defense * defense_percent).max(200);
    let hundredths = halves * percent / 2;
    if blocking { hundredths * BLOCKED_PERCENT / 1_000_000 } else { hundredths / 10_000 }
}

/// Whether what happens so often in a hundred happens now.
pub fn chance(percent: i64, dice: &mut Dice) -> bool {
    i64::from(dice.random_range(1..=100)) <= percent
}

/// A share of the content in thousandths: rounded once, so that all that follows is exact.
pub fn thousandths(share: f64) -> i64 {
    (share * 1_000.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::{Figures, HEAVY, LIGHT, thousandths, through};
    use protocol::characters::Stats;

    fn stats(strength: i32, dexterity: i32) -> Stats {
        Stats { strength, dexterity, ..Stats::default() }
    }

    #[test]
    fn stats_make_the_documented_figures() {
        let average = Figures::of(&stats(10, 10), 0, 0, 0);
        let expected = Figures {
            attack: 10,
            defense: 10,
            accuracy: 60,
            evasion: 10,
            critical_percent: 5,
            critical_tenths: 15,
            initiative: 10,
        };
        assert_eq!(average, expected);
        let good = Figures::of(&stats(16, 14), 8, 9, 0);
        let expected = Figures {
            attack: 21,
            defense: 21,
            accuracy: 72,
            evasion: 18,
            critical_percent: 7,
            critical_tenths: 18,
            initiative: 12,
        };
        assert_eq!(good, expected);
        let feeble = Figures::of(&stats(1, 1), 0, 0, 0);
        assert_eq!((feeble.attack, feeble.defense, feeble.accuracy, feeble.evasion), (5, 5, 35, 0));
        assert_eq!((feeble.critical_percent, feeble.critical_tenths, feeble.initiative), (1, 10, 5));
    }

    #[test]
    fn who_is_slowed_is_as_if_less_dexterous() {
        assert_eq!(Figures::of(&stats(10, 18), 0, 0, 3), Figures::of(&stats(10, 12), 0, 0, 0));
    }

    #[test]
    fn blows_meet_and_hurt_by_the_documented_formulas() {
        let striker = Figures::of(&stats(16, 14), 8, 0, 0);
        // 72 × 1.1 − 10 = 69.2 and 72 × 0.8 − 10 = 47.6
        assert_eq!((striker.hit_percent(&LIGHT, 10), striker.hit_percent(&HEAVY, 10)), (69, 47));
        assert_eq!((striker.hit_percent(&LIGHT, 500), striker.hit_percent(&LIGHT, -500)), (10, 95));
        assert_eq!((striker.dodge_percent(), striker.parry_percent()), (38, 54));
        // 21; 21 × 2.2 = 46.2; 46 × 1.8 = 82.8; 21 × 2.2 × 0.75 = 34.65
        assert_eq!((striker.damage(&LIGHT, 10_000, false), striker.damage(&HEAVY, 10_000, false)), (21, 46));
        assert_eq!((striker.damage(&HEAVY, 10_000, true), striker.damage(&HEAVY, 7_500, false)), (82, 34));
    }

    #[test]
    fn armour_keeps_half_of_its_defence_outside_and_a_guard_most_of_the_rest() {
        // 46 − 10.5 = 35.5; × 0.4 = 14.2; with a defence raised by a quarter 46 − 13.125 = 32.875; × 1.25 = 41.09
        assert_eq!(through(46, 21, 100, false, 100), 35);
        assert_eq!(through(46, 21, 100, true, 100), 14);
        assert_eq!(through(46, 21, 125, false, 100), 32);
        assert_eq!(through(46, 21, 125, false, 125), 41);
        // At least one, of which a guard leaves nothing.
        assert_eq!((through(3, 90, 100, false, 100), through(3, 90, 100, true, 100)), (1, 0));
    }

    #[test]
    fn shares_are_exact_in_thousandths() {
        assert_eq!([0.3, 0.25, 1.2, 2.2, 2.5, 0.1].map(thousandths), [300, 250, 1_200, 2_200, 2_500, 100]);
    }
}
