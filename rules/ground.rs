//! What lies on the ground: laying something of one's own there, and taking it up. Each returns the settlement that does it.

#[cfg(test)]
mod tests;

use protocol::ground::GroundItem;
use protocol::ids::{GroundId, ItemId};
use protocol::inventory::SomeOf;

use crate::Refusal;
use crate::content::Content;
use crate::inventory::{field_of, some_of};
use crate::sheet::{Asset, Ground, Settlement, Sheet, Spot};

/// How long things lie, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroundLimits {
    /// In one location.
    pub most: u32,
    /// Of one account, in all locations.
    pub most_each: u32,
    pub lie_ms: i64,
}

/// Something that lies there: an item, or so many of what is only counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Heap {
    pub id: GroundId,
    pub spot: Spot,
    pub asset: Asset,
}

/// Lays something of one's own on the ground.
///
/// # Errors
/// `INVALID`, `NOT_FOUND`, `NOT_ENOUGH`; `CONFLICT` for what is worn, `LOCKED` for what is part of a trade or a combat.
/// Each names the field.
pub fn lay_down(
    sheet: &Sheet,
    what: &SomeOf,
    spot: Spot,
    limits: &GroundLimits,
    now_ms: i64,
) -> Result<Settlement, Refusal> {
    let field = field_of(what);
    let (asset, _) = some_of(sheet, what).map_err(|refusal| refusal.about(field))?;
    let until_ms = now_ms.saturating_add(limits.lie_ms);
    let settlement = Settlement::new("drop", vec![sheet.party()])
        .moving(Some(sheet.character_id), None, asset)
        .on_ground(Ground::Lay { spot, until_ms, most: limits.most, most_each: limits.most_each });
    sheet.after(&settlement, None).map_err(|refusal| refusal.about(field))?;
    Ok(settlement)
}

/// Picks up what lies there, all of it.
///
/// # Errors
/// `INVENTORY_FULL`; `CONFLICT` for more than can be counted, `LOCKED` in a combat. Each names the field.
pub fn pick_up(sheet: &Sheet, heap: &Heap) -> Result<Settlement, Refusal> {
    let settlement = Settlement::new("pickup", vec![sheet.party()])
        .moving(None, Some(sheet.character_id), heap.asset.clone())
        .on_ground(Ground::Lift(heap.id));
    sheet.after(&settlement, None).map_err(|refusal| refusal.about("ground_id"))?;
    Ok(settlement)
}

impl Heap {
    /// As everybody sees it.
    pub fn shown(&self, content: &Content) -> GroundItem {
        let (item_id, kind, quantity) = self.parts();
        GroundItem {
            ground_id: self.id,
            item_id,
            kind: kind.to_owned(),
            // Of a kind that the content has no more: it still lies there.
            name: content.item(kind).map_or_else(|| kind.to_owned(), |item| item.name.clone()),
            quantity,
            position: self.spot.position,
        }
    }

    fn parts(&self) -> (Option<ItemId>, &str, i64) {
        match &self.asset {
            Asset::Item { id, kind } => (Some(*id), kind, 1),
            Asset::Stack { kind, quantity } => (None, kind, *quantity),
            Asset::NewItem { kind } => (None, kind, 1),
            Asset::Souls(quantity) => (None, "souls", *quantity),
        }
    }
}
