//! What a character brings into a combat, out of its sheet.

use protocol::characters::{Resources, Stats};

use crate::combat::fighter::Supply;
use crate::content::{Amounts, Content, Item};
use crate::sheet::{Engagement, Sheet};

/// What a character brings along.
#[derive(Debug, Clone, PartialEq)]
pub struct Recruit {
    pub class: String,
    pub stats: Stats,
    pub resources: Resources,
    /// Of what it wears.
    pub attack_bonus: i32,
    pub defense_bonus: i32,
    /// What it can use up.
    pub supplies: Vec<Supply>,
}

impl Recruit {
    /// `by`: the combat it is for. What lies in a trade stays there.
    pub fn of(sheet: &Sheet, by: &Engagement, content: &Content) -> Self {
        let worn = sheet.items.values().filter(|item| item.worn.is_some());
        let worn: Vec<&Item> = worn.filter_map(|item| content.item(&item.kind)).collect();
        let useful = |kind: &str| content.item(kind).is_some_and(|item| item.restores != Amounts::default());
        let items = sheet
            .items
            .iter()
            .filter(|(id, item)| item.worn.is_none() && useful(&item.kind) && !sheet.is_locked(**id));
        let items = items.map(|(id, item)| (Some(*id), item.kind.clone(), 1));
        let stacks = sheet.stacks.keys().filter(|kind| useful(kind));
        let stacks = stacks.map(|kind| (None, kind.clone(), sheet.available(kind, Some(by))));
        let supplies = items.chain(stacks).filter(|(_, _, quantity)| *quantity > 0);
        Self {
            class: sheet.class.clone(),
            stats: sheet.stats,
            resources: sheet.resources,
            attack_bonus: worn.iter().map(|item| item.attack_bonus).sum(),
            defense_bonus: worn.iter().map(|item| item.defense_bonus).sum(),
            supplies: supplies.map(|(item_id, kind, quantity)| Supply { item_id, kind, quantity }).collect(),
        }
    }
}
