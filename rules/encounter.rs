//! Whom one meets in a location: who looks for somebody to fight, and upon whom they come by themselves.

#[cfg(test)]
mod tests;

use rand::RngExt;

use crate::Dice;
use crate::content::{Content, Location};

/// Metres on foot for each throw of the dice.
const STRETCH_M: f64 = 100.0;

/// The kinds of a location's enemies that one of this level is likeliest to meet: those nearest in level.
pub fn likely<'a>(content: &'a Content, here: &'a Location, level: i32) -> Vec<&'a str> {
    let met = || here.enemies.iter().filter_map(|kind| content.enemy(kind));
    let nearest = met().map(|enemy| (enemy.level - level).abs()).min().unwrap_or(0);
    let near = met().filter(|enemy| (enemy.level - level).abs() <= nearest + 1);
    near.map(|enemy| enemy.kind.as_str()).collect()
}

/// How far somebody has gone in a location since the dice were thrown for it last.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Wandering {
    gone_m: f64,
}

impl Wandering {
    /// Goes on by so many metres. The kind of whoever comes upon one of this level by that.
    pub fn go_on<'a>(
        &mut self,
        metres: f64,
        content: &'a Content,
        here: &'a Location,
        level: i32,
        dice: &mut Dice,
    ) -> Option<&'a str> {
        self.gone_m += metres;
        if self.gone_m < STRETCH_M {
            return None;
        }
        self.gone_m %= STRETCH_M;
        comes_upon(content, here, level, dice)
    }
}

/// The kind of whoever comes upon one of this level who has just come, or has gone on for a while.
pub fn comes_upon<'a>(
    content: &'a Content,
    here: &'a Location,
    level: i32,
    dice: &mut Dice,
) -> Option<&'a str> {
    if here.ambush_percent == 0 || dice.random_range(1..=100) > here.ambush_percent {
        return None;
    }
    let likely = likely(content, here, level);
    (!likely.is_empty()).then(|| likely[dice.random_range(0..likely.len())])
}
