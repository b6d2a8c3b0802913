//! What a fight brings, all winners together: by the documented figures, for each level of each enemy that is down.

use protocol::combat::{CombatEnd, Outcome};

use super::Fight;

const EXPERIENCE: i64 = 100;
const SOULS: std::ops::RangeInclusive<i64> = 50..=150;

impl Fight {
    /// True: it is known what all got, and it is what there was to get. Nobody gets anything from other characters.
    pub(super) fn check_worth(&self) -> Result<bool, String> {
        let ends: Vec<&CombatEnd> = self.tracks.values().filter_map(|track| track.end.as_ref()).collect();
        let for_nothing = ends.iter().find(|end| {
            end.outcome != Outcome::Won && (end.experience, end.souls, end.loot.len()) != (0, 0, 0)
        });
        if let Some(end) = for_nothing {
            return Err(format!("who did not win gets {end:?}"));
        }
        let winners: Vec<&CombatEnd> =
            ends.iter().copied().filter(|end| end.outcome == Outcome::Won).collect();
        // Of whoever was told of the end when he was back it is not known who was down by then.
        let last = self.tracks.values().find(|track| {
            track.knows_all_health() && track.end.as_ref().is_some_and(|end| end.outcome == Outcome::Won)
        });
        let Some(last) = last.filter(|_| !self.characters.is_empty() && ends.len() == self.characters.len())
        else {
            return Ok(false);
        };
        let experiences = winners.iter().map(|end| end.experience);
        let (least, most) = (experiences.clone().min().unwrap_or(0), experiences.clone().max().unwrap_or(0));
        if most - least > 1 {
            return Err(format!("one gets {least} experience, another {most}"));
        }
        let down = self.enemies.iter().filter(|(who, _)| last.health_of(**who) == Some(0));
        let levels: i64 = down.map(|(_, level)| i64::from(*level)).sum();
        let (experience, souls): (i64, i64) = (experiences.sum(), winners.iter().map(|end| end.souls).sum());
        if experience != EXPERIENCE * levels {
            return Err(format!("{experience} experience for {levels} levels of enemies"));
        }
        if !(SOULS.start() * levels..=SOULS.end() * levels).contains(&souls) {
            return Err(format!("{souls} souls for {levels} levels of enemies"));
        }
        Ok(true)
    }
}
