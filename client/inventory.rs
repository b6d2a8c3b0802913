//! What a player can do with what he carries and wears, and with vendors.

use protocol::ground::WhichGround;
use protocol::ids::{GroundId, ItemId};
use protocol::inventory::{Buy, Inventory, InventoryUpdate, SomeOf, VendorList, WhichItem};
use protocol::session::Bare;
use protocol::{ClientMessage, ServerMessage, Text};

use crate::commands::ask;
use crate::{Client, ClientError};

/// Something of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A thing there is one of, by its serial.
    Item(ItemId),
    /// So many of what is only counted, for example "health_potion".
    Some { kind: String, quantity: u32 },
}

impl Thing {
    /// One of what is only counted.
    pub fn one(kind: impl Into<String>) -> Self {
        Self::Some { kind: kind.into(), quantity: 1 }
    }

    fn named(self) -> Result<SomeOf, ClientError> {
        Ok(match self {
            Self::Item(id) => SomeOf { item_id: Some(id), kind: None, quantity: None },
            Self::Some { kind, quantity } => {
                SomeOf { item_id: None, kind: Some(Text::new(kind)?), quantity: Some(quantity) }
            }
        })
    }
}

/// Every command fails with what the server refused, or with what [`Client::request`] fails with. Changes are heard as
/// [`hear::InventoryUpdate`](crate::hear::InventoryUpdate), too.
#[allow(clippy::missing_errors_doc)]
impl Client {
    /// Everything that one's character has.
    pub async fn inventory(&self) -> Result<Inventory, ClientError> {
        ask!(self, ClientMessage::Inventory(Bare {}), ServerMessage::Inventory(all) => all)
    }

    /// Puts on one of one's items, instead of what is worn there. `LOCKED` in a fight or a trade.
    pub async fn equip(&self, item_id: ItemId) -> Result<InventoryUpdate, ClientError> {
        let message = ClientMessage::ItemEquip(WhichItem { item_id });
        ask!(self, message, ServerMessage::InventoryUpdate(update) => update)
    }

    /// Takes off what one wears. `LOCKED` in a fight or a trade.
    pub async fn unequip(&self, item_id: ItemId) -> Result<InventoryUpdate, ClientError> {
        let message = ClientMessage::ItemUnequip(WhichItem { item_id });
        ask!(self, message, ServerMessage::InventoryUpdate(update) => update)
    }

    /// Uses something up, outside of a fight. `CONFLICT` when there is nothing to restore.
    pub async fn use_item(&self, what: Thing) -> Result<InventoryUpdate, ClientError> {
        let message = ClientMessage::ItemUse(what.named()?);
        ask!(self, message, ServerMessage::InventoryUpdate(update) => update)
    }

    /// Lays something on the ground where one stands, for whoever is near. `CONFLICT` for what is worn, `LOCKED` in a
    /// fight or a trade, `GROUND_FULL` when as much lies there as may, or of one account.
    pub async fn drop_item(&self, what: Thing) -> Result<InventoryUpdate, ClientError> {
        let message = ClientMessage::ItemDrop(what.named()?);
        ask!(self, message, ServerMessage::InventoryUpdate(update) => update)
    }

    /// Picks up what lies near. `NOT_FOUND` when somebody else was faster, `TOO_FAR`, `INVENTORY_FULL`.
    pub async fn pick_up(&self, ground_id: GroundId) -> Result<InventoryUpdate, ClientError> {
        let message = ClientMessage::ItemPickup(WhichGround { ground_id });
        ask!(self, message, ServerMessage::InventoryUpdate(update) => update)
    }

    /// What the vendor of the location sells. `NOT_FOUND` where there is none.
    pub async fn vendor(&self) -> Result<VendorList, ClientError> {
        ask!(self, ClientMessage::VendorList(Bare {}), ServerMessage::VendorList(list) => list)
    }

    /// Buys from the vendor of the location. `NOT_ENOUGH` souls, or none of that kind.
    pub async fn buy(&self, kind: &str, quantity: u32) -> Result<InventoryUpdate, ClientError> {
        let message = ClientMessage::VendorBuy(Buy { kind: Text::new(kind)?, quantity: Some(quantity) });
        ask!(self, message, ServerMessage::InventoryUpdate(update) => update)
    }

    /// Sells to the vendor of the location.
    pub async fn sell(&self, what: Thing) -> Result<InventoryUpdate, ClientError> {
        let message = ClientMessage::VendorSell(what.named()?);
        ask!(self, message, ServerMessage::InventoryUpdate(update) => update)
    }
}
