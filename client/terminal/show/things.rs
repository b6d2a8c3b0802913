//! Things as lines of text: what one has, what lies around, what is for sale.

use std::collections::BTreeMap;

use protocol::ground::{GroundItem, GroundUpdate};
use protocol::inventory::{Inventory, InventoryUpdate, OwnedItem, OwnedStack, VendorList, Ware};
use protocol::movement::Position;

pub fn lies_or_not(update: &GroundUpdate) -> Option<String> {
    let laid = update.items.iter().map(|item| format!("-- on the ground: {}", lying(item)));
    let gone = update.gone.iter().map(|id| format!("-- {id} does not lie here any more"));
    let lines: Vec<String> = laid.chain(gone).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn lying(item: &GroundItem) -> String {
    let many = if item.quantity == 1 { String::new() } else { format!("{} ", item.quantity) };
    let Position { x, y, .. } = item.position;
    format!("{} {many}{} at {x:.0}, {y:.0}", item.ground_id, item.name)
}

/// What lies on the ground, a line each.
pub fn ground(all: &[GroundItem]) -> String {
    if all.is_empty() {
        return "Nothing lies here.".to_owned();
    }
    all.iter().map(|item| format!("  {}", lying(item))).collect::<Vec<_>>().join("\n")
}

/// What one has, a line each.
pub fn inventory(all: &Inventory) -> String {
    let souls = std::iter::once(format!("{} souls", all.souls));
    let lines = souls.chain(all.items.iter().map(item)).chain(all.stacks.iter().map(stack));
    lines.map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// What one has now of what has changed.
pub fn change(update: &InventoryUpdate) -> String {
    let gone = update.gone.iter().map(|id| format!("{id} is gone"));
    let souls = std::iter::once(format!("{} souls", update.souls));
    let all = souls.chain(update.items.iter().map(item)).chain(update.stacks.iter().map(stack)).chain(gone);
    format!("-- you have ({}): {}", update.reason, all.collect::<Vec<_>>().join(", "))
}

fn item(item: &OwnedItem) -> String {
    let worn = if item.equipped { " (worn)" } else { "" };
    format!("{} [{}]{worn}", item.name, item.item_id)
}

fn stack(stack: &OwnedStack) -> String {
    format!("{} {} ({})", stack.quantity, stack.name, stack.kind)
}

/// What is for sale, a line each.
pub fn vendor(list: &VendorList) -> String {
    let one = |ware: &Ware| format!("  {:>6} souls  {} ({})", ware.price, ware.name, ware.kind);
    let wares = list.sells.iter().map(one);
    let pays = format!("  and pays {} % of what a thing is worth", list.pays_percent);
    wares.chain([pays]).collect::<Vec<_>>().join("\n")
}

/// Kinds, each with how often it is there.
pub fn counted(kinds: &[String]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for kind in kinds {
        *counts.entry(kind).or_default() += 1;
    }
    let one = |(kind, count): (&str, usize)| match count {
        1 => kind.to_owned(),
        many => format!("{many} {kind}"),
    };
    counts.into_iter().map(one).collect::<Vec<_>>().join(", ")
}
