//! What a character carries and wears, and what vendors sell.

use serde::{Deserialize, Serialize};

use crate::ids::ItemId;
use crate::nulls::left_out;
use crate::{LocationId, Text};

/// Names one of one's own items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WhichItem {
    /// Its serial.
    pub item_id: ItemId,
}

/// Names something of one's own: an item by `item_id`, or so many of what is only counted by `kind`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SomeOf {
    /// An item, by its serial.
    #[serde(default, skip_serializing_if = "left_out")]
    pub item_id: Option<ItemId>,
    /// What is only counted, for example "health_potion".
    #[serde(default, skip_serializing_if = "left_out")]
    pub kind: Option<Text<1, 50>>,
    /// With `kind`: how many; 1 when absent.
    #[serde(default, skip_serializing_if = "left_out")]
    pub quantity: Option<u32>,
}

/// Buys from the vendor of the location.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Buy {
    /// One of the kinds of `vendor_list`.
    pub kind: Text<1, 50>,
    /// How many; 1 when absent.
    #[serde(default, skip_serializing_if = "left_out")]
    pub quantity: Option<u32>,
}

/// A thing there is one of, as its owner has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OwnedItem {
    /// Its serial: no two things in the world share it.
    pub item_id: ItemId,
    /// For example "longsword"; `content/items.toml` lists them.
    pub kind: String,
    /// For people.
    pub name: String,
    /// Where it can be worn: "weapon", "armor" or "trinket"; absent for what can't.
    #[serde(default, skip_serializing_if = "left_out")]
    pub slot: Option<String>,
    /// Whether it is worn.
    pub equipped: bool,
    /// In souls.
    pub value: i64,
}

/// Things that are only counted, as their owner has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OwnedStack {
    /// For example "health_potion"; `content/items.toml` lists them.
    pub kind: String,
    /// For people.
    pub name: String,
    /// How many there are now; 0 only in an `inventory_update`, when the last is gone.
    pub quantity: i64,
    /// Of one, in souls.
    pub value: i64,
}

/// Everything that one's character carries and wears.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Inventory {
    /// The currency of the world.
    pub souls: i64,
    /// How many different things there is room for: each item counts, and each kind of what is only counted.
    pub slots: u32,
    /// Things there is one of, by serial.
    pub items: Vec<OwnedItem>,
    /// Things that are only counted, by kind.
    pub stacks: Vec<OwnedStack>,
}

/// What has changed of what one's character carries and wears, as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InventoryUpdate {
    /// Why, for programs: "equip", "unequip", "use", "drop", "pickup", "buy", "sell", "trade" …
    pub reason: String,
    /// All of them.
    pub souls: i64,
    /// Items that are new, or worn where they were not, or the other way round.
    pub items: Vec<OwnedItem>,
    /// Serials of items that one has no more.
    pub gone: Vec<ItemId>,
    /// Those whose quantity changed.
    pub stacks: Vec<OwnedStack>,
}

/// Something a vendor sells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ware {
    /// For example "longsword"; `content/items.toml` lists them.
    pub kind: String,
    /// For people.
    pub name: String,
    /// What one costs, in souls.
    pub price: i64,
}

/// What the vendor of a location sells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VendorList {
    /// Where the vendor is.
    pub location_id: LocationId,
    /// What can be bought.
    pub sells: Vec<Ware>,
    /// The share of its `value` that the vendor pays for what one sells, in percent, rounded down to whole souls.
    pub pays_percent: u32,
}
