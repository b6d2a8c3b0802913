//! Fights: all who fight in one are told the same course of it, in order, and what they win is what the enemies were worth.

mod course;
#[cfg(test)]
mod tests;
mod worth;

use std::collections::{BTreeMap, BTreeSet};

use protocol::CharacterId;
use protocol::combat::{CombatAction, CombatDamage, CombatEnd, CombatHeal, CombatStart, CombatState};

use crate::oracle::{Faults, Verdict};
use course::Track;

const PROMISE: (&str, &str) =
    ("fights", "all who are in a fight are told the same course of it, in order, and share what it is worth");

/// Something that a fighter is told of a fight.
#[derive(Debug, Clone, Copy)]
pub enum Told<'a> {
    Start(&'a CombatStart),
    Action(&'a CombatAction),
    Damage(&'a CombatDamage),
    Heal(&'a CombatHeal),
    State(&'a CombatState),
    End(&'a CombatEnd),
}

impl Told<'_> {
    fn combat(&self) -> &str {
        match self {
            Self::Start(told) => &told.combat_id,
            Self::Action(told) => &told.combat_id,
            Self::Damage(told) => &told.combat_id,
            Self::Heal(told) => &told.combat_id,
            Self::State(told) => &told.combat_id,
            Self::End(told) => &told.combat_id,
        }
    }
}

/// One fight, as all who are in it are told.
#[derive(Debug, Default)]
struct Fight {
    /// By id: their levels.
    enemies: BTreeMap<CharacterId, i32>,
    characters: BTreeSet<CharacterId>,
    /// Whose turn was which.
    turns: BTreeMap<u32, CharacterId>,
    /// By bot.
    tracks: BTreeMap<usize, Track>,
}

/// What is known of the fights.
#[derive(Debug, Default)]
pub struct Fights {
    fights: BTreeMap<String, Fight>,
    /// Who missed something, and may so be told of a fight whose beginning it was not.
    missed: BTreeSet<usize>,
    events: u64,
    faults: Faults,
}

impl Fights {
    /// A bot is told something of a fight.
    pub fn told(&mut self, bot: usize, told: Told) {
        self.events += 1;
        let combat = told.combat().to_owned();
        let fight = self.fights.entry(combat.clone()).or_default();
        let missed = self.missed.contains(&bot);
        for (kind, what) in fight.told(bot, told, missed) {
            self.faults.add(kind, || format!("fight {combat}, bot {bot}: {what}"));
        }
    }

    /// What comes next to this bot is not what came next.
    pub fn interrupted(&mut self, bot: usize) {
        self.missed.insert(bot);
        for track in self.fights.values_mut().filter_map(|fight| fight.tracks.get_mut(&bot)) {
            track.interrupted();
        }
    }

    /// How many fights somebody was told the end of.
    pub fn ended(&self) -> u64 {
        let over = |fight: &&Fight| fight.tracks.values().any(|track| track.end.is_some());
        self.fights.values().filter(over).count() as u64
    }

    /// None: nobody fought.
    pub fn verdict(mut self) -> Option<Verdict> {
        if self.fights.is_empty() {
            return None;
        }
        let (mut compared, mut shared) = (0, 0);
        for (combat, fight) in &self.fights {
            match fight.compare() {
                Ok(tracks) => compared += tracks,
                Err(what) => self.faults.add("told in two ways", || format!("fight {combat}: {what}")),
            }
            match fight.check_worth() {
                Ok(is_known) => shared += u64::from(is_known),
                Err(what) => self.faults.add("not what it is worth", || format!("fight {combat}: {what}")),
            }
        }
        let evidence = format!(
            "{} fights to their end, {} events heard; {compared} fighters were told as the others, and what {shared} fights \
             brought was added up",
            self.ended(),
            self.events
        );
        Some(Verdict::of(PROMISE, self.ended(), evidence, self.faults))
    }
}
