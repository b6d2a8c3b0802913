//! Spoils: what fighters have in the end is what they had, and what each fight brought them, once.

mod purse;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use protocol::characters::Progression;
use protocol::combat::CombatEnd;
use protocol::inventory::{Inventory, InventoryUpdate};

use crate::oracle::{Faults, Verdict};
use purse::Purse;

const PROMISE: (&str, &str) =
    ("spoils", "what a fight brings is had once: sheets before and after, and all that was told");

/// What a character has and is worth.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    pub souls: i64,
    pub experience: i64,
    /// By kind: how many, of what is only counted and of the rest.
    pub things: BTreeMap<String, i64>,
}

impl Sheet {
    pub fn of(progression: &Progression, all: &Inventory) -> Self {
        let mut things = BTreeMap::new();
        for item in &all.items {
            *things.entry(item.kind.clone()).or_default() += 1;
        }
        for stack in all.stacks.iter().filter(|stack| stack.quantity > 0) {
            *things.entry(stack.kind.clone()).or_default() += stack.quantity;
        }
        Self { souls: all.souls, experience: progression.experience, things }
    }
}

/// What fighters were told of what they have.
#[derive(Debug, Default)]
pub struct Spoils {
    purses: BTreeMap<usize, Purse>,
    faults: Faults,
}

impl Spoils {
    /// What a bot has before it fights.
    pub fn starts(&mut self, bot: usize, progression: &Progression, all: &Inventory) {
        self.purses.insert(bot, Purse::new(Sheet::of(progression, all), all));
    }

    /// A fight begins.
    pub fn begins(&mut self, bot: usize, combat: &str) {
        if let Some(purse) = self.purses.get_mut(&bot) {
            purse.begins(combat);
        }
    }

    /// In a fight, a bot uses one thing up.
    pub fn uses(&mut self, bot: usize, combat: &str, kind: &str) {
        if let Some(purse) = self.purses.get_mut(&bot) {
            purse.uses(combat, kind);
        }
    }

    pub fn ended(&mut self, bot: usize, end: &CombatEnd) {
        if let Some(purse) = self.purses.get_mut(&bot) {
            purse.ended(end);
        }
    }

    /// What a bot has changed.
    pub fn updated(&mut self, bot: usize, update: &InventoryUpdate) {
        let Some(purse) = self.purses.get_mut(&bot) else { return };
        if let Err((kind, what)) = purse.updated(update) {
            self.faults.add(kind, || format!("bot {bot}: {what}"));
        }
    }

    /// A quest is done: it may have brought experience, how much is not told.
    pub fn quest(&mut self, bot: usize) {
        if let Some(purse) = self.purses.get_mut(&bot) {
            purse.quests += 1;
        }
    }

    pub fn interrupted(&mut self, bot: usize) {
        if let Some(purse) = self.purses.get_mut(&bot) {
            purse.interrupted();
        }
    }

    /// Whether a bot has by now what it was told that it would get.
    pub fn is_settled(&self, bot: usize, sheet: &Sheet) -> bool {
        self.purses.get(&bot).is_none_or(|purse| purse.faults_of(sheet).is_empty())
    }

    /// What a bot has when nothing happens any more.
    pub fn ends(&mut self, bot: usize, sheet: Sheet) {
        if let Some(purse) = self.purses.get_mut(&bot) {
            purse.end = Some(sheet);
        }
    }

    /// None: nobody fought.
    pub fn verdict(mut self) -> Option<Verdict> {
        if self.purses.is_empty() {
            return None;
        }
        for (bot, purse) in &self.purses {
            let Some(end) = &purse.end else {
                self.faults.add("not looked at", || format!("bot {bot} did not say what it has in the end"));
                continue;
            };
            for (kind, what) in purse.faults_of(end) {
                self.faults.add(kind, || format!("bot {bot}: {what}"));
            }
        }
        let sum = |of: fn(&Purse) -> u64| self.purses.values().map(of).sum::<u64>();
        let (fights, exact) = (sum(|purse| purse.fights), sum(|purse| u64::from(purse.is_exact())));
        let (souls, experience) =
            (sum(|purse| purse.souls.unsigned_abs()), sum(|purse| purse.experience.unsigned_abs()));
        let evidence = format!(
            "{} fighters were told of {fights} ends that brought {souls} souls and {experience} experience; {exact} of them \
             were told of everything",
            self.purses.len(),
        );
        Some(Verdict::of(PROMISE, fights, evidence, self.faults))
    }
}
