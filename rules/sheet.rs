//! A character's sheet: what it owns, wears and is, at one version. The session that holds its epoch owns it in
//! memory; every change is a [`Settlement`] that names epoch and version, and counts once it is on disk.

mod holds;
mod settlement;
#[cfg(test)]
pub(crate) mod tests;

pub use holds::{Engagement, Goods, Reserved};
pub use settlement::{Asset, Ground, Growth, Movement, Party, Settlement, Spot};

use std::collections::BTreeMap;

use protocol::characters::{Character, Progression, Resources, Stats};
use protocol::ids::{INTEGER_MAX, ItemId};
use protocol::{CharacterId, ErrorCode};

use crate::Refusal;
use crate::content::{Class, Slot};
use crate::progression::{Growing, gain_experience};
use holds::Holds;

/// Different things that one character can carry: each item counts, and each kind of stack.
pub const SLOTS_MAX: usize = 60;

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    pub character_id: CharacterId,
    /// The character's: who writes with an older one is refused.
    pub epoch: i64,
    /// Raised by every change; who writes with another one is refused.
    pub version: i64,
    /// For example "Warrior": what levels bring goes by it.
    pub class: String,
    pub stats: Stats,
    pub resources: Resources,
    pub progression: Progression,
    /// Things there is one of.
    pub items: BTreeMap<ItemId, Item>,
    /// Things that are only counted, by kind; never 0.
    pub stacks: BTreeMap<String, i64>,
    holds: Holds,
}

/// A thing with a serial, as its owner has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub kind: String,
    /// Where it is worn, if it is.
    pub worn: Option<Slot>,
}

impl Sheet {
    /// The sheet of a character that has just been taken, without its things.
    pub fn new(character: &Character, epoch: i64, version: i64) -> Self {
        Self {
            character_id: character.id,
            epoch,
            version,
            class: character.class.clone(),
            stats: character.stats,
            resources: character.resources,
            progression: character.progression,
            items: BTreeMap::new(),
            stacks: BTreeMap::new(),
            holds: Holds::default(),
        }
    }

    /// What is shown of it elsewhere.
    pub fn show_in(&self, character: &mut Character) {
        character.stats = self.stats;
        character.resources = self.resources;
        character.progression = self.progression;
    }

    /// How many of [`SLOTS_MAX`] are taken.
    pub fn slots_used(&self) -> usize {
        self.items.len() + self.stacks.len()
    }

    /// One of its items.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub fn item(&self, id: ItemId) -> Result<&Item, Refusal> {
        self.items.get(&id).ok_or_else(|| no_such_item(id))
    }

    /// What is worn there.
    pub fn worn(&self, slot: Slot) -> Option<ItemId> {
        self.items.iter().find_map(|(id, item)| (item.worn == Some(slot)).then_some(*id))
    }

    /// Itself as it takes part in a settlement.
    pub fn party(&self) -> Party {
        Party {
            character_id: self.character_id,
            epoch: self.epoch,
            version: self.version,
            growth: None,
            wear: Vec::new(),
        }
    }

    /// What so much experience makes of it.
    ///
    /// # Errors
    /// As [`gain_experience`].
    pub fn grown(&self, class: &Class, experience: i64) -> Result<Growth, Refusal> {
        let (mut stats, mut resources, mut progression) = (self.stats, self.resources, self.progression);
        let growing =
            Growing { class, stats: &mut stats, resources: &mut resources, progression: &mut progression };
        gain_experience(growing, experience)?;
        let Progression { level, experience, .. } = progression;
        Ok(Growth { stats, resources, level, experience })
    }

    /// The same with other resources.
    pub fn restored(&self, resources: Resources) -> Growth {
        let Progression { level, experience, .. } = self.progression;
        Growth { stats: self.stats, resources, level, experience }
    }

    /// What it is after a settlement, asked for by `by` (absent: by its owner). New items are not in it yet: the store
    /// gives them their serials, and [`Self::receive`] takes them in.
    ///
    /// # Errors
    /// What it lacks, what is locked elsewhere, what does not fit; nothing is changed.
    pub fn after(&self, settlement: &Settlement, by: Option<&Engagement>) -> Result<Self, Refusal> {
        let Some(party) = settlement.party(self.character_id) else { return Ok(self.clone()) };
        if (party.epoch, party.version) != (self.epoch, self.version) {
            return Err(Refusal::new(ErrorCode::Conflict, "your character has changed meanwhile: try again"));
        }
        self.check_whole(by)?;
        let mut after = self.clone();
        let mut new_items = 0;
        for movement in &settlement.movements {
            if movement.from == Some(self.character_id) {
                after.give(&movement.asset, by)?;
            }
            if movement.to == Some(self.character_id) {
                after.take(&movement.asset)?;
                new_items += usize::from(matches!(movement.asset, Asset::NewItem { .. }));
            }
        }
        after.change_clothes(&party.wear, by)?;
        if let Some(growth) = &party.growth {
            after.stats = growth.stats;
            after.resources = growth.resources;
            after.progression.level = growth.level;
            after.progression.experience = growth.experience;
        }
        let used = after.slots_used() + new_items;
        if used > SLOTS_MAX && used > self.slots_used() {
            let reason = format!("there is no room for more than {SLOTS_MAX} different things");
            return Err(Refusal::new(ErrorCode::InventoryFull, reason).with("slots", SLOTS_MAX));
        }
        after.version += 1;
        Ok(after)
    }

    /// Takes in an item that a settlement has made, by the serial that the store gave it.
    pub fn receive(&mut self, id: ItemId, kind: String) {
        self.items.insert(id, Item { kind, worn: None });
    }

    /// What of a kind is not locked elsewhere.
    pub fn available(&self, kind: &str, by: Option<&Engagement>) -> i64 {
        let has = self.stacks.get(kind).copied().unwrap_or(0);
        has - self.holds.stack_held(kind, by)
    }

    /// What of its souls is not locked elsewhere.
    pub fn available_souls(&self, by: Option<&Engagement>) -> i64 {
        self.progression.souls - self.holds.souls_held(by)
    }

    /// One of its items that is neither worn nor locked elsewhere.
    fn loose(&self, id: ItemId, by: Option<&Engagement>) -> Result<&Item, Refusal> {
        let item = self.item(id)?;
        if let Some(holder) = self.holds.item_held(id, by) {
            return Err(locked(&format!("item {id}"), holder));
        }
        if item.worn.is_some() {
            let reason = format!("item {id} is worn: take it off first");
            return Err(Refusal::new(ErrorCode::Conflict, reason).with("item_id", id.0));
        }
        Ok(item)
    }

    fn give(&mut self, asset: &Asset, by: Option<&Engagement>) -> Result<(), Refusal> {
        match asset {
            Asset::Souls(quantity) => {
                positive(*quantity)?;
                if *quantity > self.available_souls(by) {
                    return Err(not_enough("souls", self.available_souls(by), *quantity));
                }
                self.progression.souls -= quantity;
            }
            Asset::Stack { kind, quantity } => {
                positive(*quantity)?;
                let available = self.available(kind, by);
                if *quantity > available {
                    return Err(not_enough(kind, available, *quantity));
                }
                match self.stacks.get_mut(kind) {
                    Some(has) if *has > *quantity => *has -= quantity,
                    _ => drop(self.stacks.remove(kind)),
                }
            }
            Asset::Item { id, kind } => {
                if self.loose(*id, by)?.kind != *kind {
                    return Err(no_such_item(*id));
                }
                self.items.remove(id);
            }
            Asset::NewItem { .. } => {
                return Err(Refusal::invalid("item", "what is not there can't be given"));
            }
        }
        Ok(())
    }

    fn take(&mut self, asset: &Asset) -> Result<(), Refusal> {
        match asset {
            Asset::Souls(quantity) => {
                self.progression.souls = sum("souls", self.progression.souls, *quantity)?;
            }
            Asset::Stack { kind, quantity } => {
                let has = self.stacks.get(kind).copied().unwrap_or(0);
                self.stacks.insert(kind.clone(), sum(kind, has, *quantity)?);
            }
            Asset::Item { id, kind } => self.receive(*id, kind.clone()),
            Asset::NewItem { .. } => {}
        }
        Ok(())
    }

    fn change_clothes(
        &mut self,
        wear: &[(ItemId, Option<Slot>)],
        by: Option<&Engagement>,
    ) -> Result<(), Refusal> {
        for (id, slot) in wear {
            if slot.is_some() {
                self.loose(*id, by)?;
            }
            let item = self.items.get_mut(id).ok_or_else(|| no_such_item(*id))?;
            item.worn = *slot;
        }
        for (id, slot) in wear.iter().filter_map(|(id, slot)| Some((*id, (*slot)?))) {
            if self.items.iter().any(|(other, item)| *other != id && item.worn == Some(slot)) {
                return Err(Refusal::new(ErrorCode::Conflict, "something else is worn there"));
            }
        }
        Ok(())
    }
}

fn positive(quantity: i64) -> Result<(), Refusal> {
    if quantity < 1 { Err(Refusal::invalid("quantity", "expected 1 or more")) } else { Ok(()) }
}

fn sum(what: &str, has: i64, more: i64) -> Result<i64, Refusal> {
    positive(more)?;
    has.checked_add(more).filter(|sum| *sum <= INTEGER_MAX).ok_or_else(|| {
        Refusal::new(ErrorCode::Conflict, format!("there can't be more than {INTEGER_MAX} {what}"))
    })
}

fn no_such_item(id: ItemId) -> Refusal {
    Refusal::new(ErrorCode::NotFound, format!("you have no item {id}")).with("item_id", id.0)
}

fn not_enough(what: &str, available: i64, wanted: i64) -> Refusal {
    let reason = format!("{wanted} {what} are needed, {available} are there");
    Refusal::new(ErrorCode::NotEnough, reason).with("available", available).with("needed", wanted)
}

fn locked(what: &str, holder: &Engagement) -> Refusal {
    Refusal::new(ErrorCode::Locked, format!("{what} is part of a {holder}"))
}
