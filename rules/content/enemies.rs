//! The kinds of enemies: a table of `content/`.

use protocol::characters::Stats;
use protocol::combat::Rank;
use serde::{Deserialize, Serialize};

/// What every level above the first adds to an enemy's stats and stamina, in percent.
const GROWTH_PERCENT: i64 = 15;
/// No figure of an enemy grows beyond this, however high its level: sums of them stay far from overflow.
const GROWN_MAX: i64 = 1_000_000;
/// What nobody asks enemies for.
const WISDOM: i32 = 10;
const CHARISMA: i32 = 5;

/// A kind of opponent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enemy {
    pub kind: String,
    pub name: String,
    pub level: i32,
    /// At its level.
    pub health: i32,
    /// At level 1, as are mana and the stats.
    pub stamina: i32,
    #[serde(default)]
    pub mana: i32,
    pub strength: i32,
    pub dexterity: i32,
    pub constitution: i32,
    pub intelligence: i32,
    pub rank: Rank,
    pub behaviour: Behaviour,
    /// The share of health below which it rages; absent for never.
    pub enrage_below: Option<f64>,
    /// Names of abilities without a class.
    #[serde(default)]
    pub abilities: Vec<String>,
    /// What it may leave behind.
    #[serde(default)]
    pub loot: Vec<Loot>,
}

/// Something that an enemy may leave behind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loot {
    /// Its kind.
    pub item: String,
    /// How often.
    pub percent: i32,
}

/// How an enemy chooses what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// Strikes, hard where it can.
    Aggressive,
    /// Guards, and strikes back.
    Defensive,
    /// Some of everything.
    Balanced,
    /// Uses what it can do, goes for the weakest, guards when hurt.
    Tactical,
    /// Strikes as hard as it can, and never guards.
    Berserker,
    /// Guards when hurt, and runs when badly hurt.
    Coward,
}

impl Enemy {
    /// Its stats at its level.
    pub fn grown_stats(&self) -> Stats {
        Stats {
            strength: self.grown(self.strength),
            dexterity: self.grown(self.dexterity),
            intelligence: self.grown(self.intelligence),
            constitution: self.grown(self.constitution),
            wisdom: WISDOM,
            charisma: CHARISMA,
        }
    }

    /// A figure of the first level, at its level.
    pub fn grown(&self, figure: i32) -> i32 {
        let percent = 100 + GROWTH_PERCENT * (i64::from(self.level) - 1).max(0);
        let grown = (i64::from(figure) * percent / 100).min(GROWN_MAX);
        i32::try_from(grown).expect("it is at most GROWN_MAX")
    }
}
