//! One side of a trade window: what is offered, as it was looked up in the sheet of whoever offers it.

use std::collections::{BTreeMap, BTreeSet};

use protocol::CharacterId;
use protocol::ids::ItemId;
use protocol::trade::{Offer, OfferTrade, OfferedItem, OfferedStack};

use crate::Refusal;
use crate::sheet::{Asset, Goods, Sheet};

/// What one side offers, with the kinds of its items: the other side has to see what they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offered {
    items: BTreeMap<ItemId, String>,
    stacks: BTreeMap<String, u32>,
    souls: u32,
}

/// Reads an offer: every line once, and all of it there. Whether it is free is for [`Sheet::hold`] to say.
///
/// # Errors
/// `INVALID` naming the field, `NOT_FOUND` for items that are not there.
pub fn check_offer(sheet: &Sheet, offer: &OfferTrade, lines_max: usize) -> Result<Offered, Refusal> {
    if offer.items.len() + offer.stacks.len() > lines_max {
        let field = if offer.items.len() > lines_max { "items" } else { "stacks" };
        return Err(Refusal::invalid(field, format!("expected at most {lines_max} lines in all")));
    }
    let mut offered = Offered { souls: offer.souls, ..Offered::default() };
    for id in &offer.items {
        let kind = sheet.item(*id).map_err(|refusal| refusal.with("field", "items"))?.kind.clone();
        if offered.items.insert(*id, kind).is_some() {
            return Err(Refusal::invalid("items", format!("{id} is there twice")));
        }
    }
    for portion in &offer.stacks {
        if portion.quantity == 0 {
            return Err(Refusal::invalid("stacks", "quantity: expected 1 or more"));
        }
        if offered.stacks.insert(portion.kind.to_string(), portion.quantity).is_some() {
            return Err(Refusal::invalid("stacks", format!("{:?} is there twice", &*portion.kind)));
        }
    }
    Ok(offered)
}

impl Offered {
    pub fn is_nothing(&self) -> bool {
        self.items.is_empty() && self.stacks.is_empty() && self.souls == 0
    }

    /// What has to be locked for it.
    pub fn goods(&self) -> Goods {
        Goods {
            items: self.items.keys().copied().collect::<BTreeSet<_>>(),
            stacks: self.stacks.iter().map(|(kind, many)| (kind.clone(), i64::from(*many))).collect(),
            souls: i64::from(self.souls),
        }
    }

    /// What changes hands.
    pub fn assets(&self) -> impl Iterator<Item = Asset> {
        let items = self.items.iter().map(|(id, kind)| Asset::Item { id: *id, kind: kind.clone() });
        let stacks = self
            .stacks
            .iter()
            .map(|(kind, many)| Asset::Stack { kind: kind.clone(), quantity: i64::from(*many) });
        let souls = (self.souls > 0).then_some(Asset::Souls(i64::from(self.souls)));
        items.chain(stacks).chain(souls)
    }

    /// As both sides see it.
    pub fn shown(&self, of: CharacterId, accepted: bool) -> Offer {
        let item = |(id, kind): (&ItemId, &String)| OfferedItem { item_id: *id, kind: kind.clone() };
        let stack = |(kind, many): (&String, &u32)| OfferedStack { kind: kind.clone(), quantity: *many };
        Offer {
            character_id: of,
            items: self.items.iter().map(item).collect(),
            stacks: self.stacks.iter().map(stack).collect(),
            souls: self.souls,
            accepted,
        }
    }
}
