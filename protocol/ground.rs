//! What lies on the ground of a location: dropped by somebody, for whoever is near to pick up.

use serde::{Deserialize, Serialize};

use crate::ids::{GroundId, ItemId};
use crate::movement::Position;
use crate::nulls::left_out;
use crate::{CharacterId, LocationId};

/// Names something that lies on the ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WhichGround {
    /// As `location_update` or `ground_update` told it.
    pub ground_id: GroundId,
}

/// Something that lies on the ground.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroundItem {
    /// Names it for `item_pickup`; never used twice.
    pub ground_id: GroundId,
    /// Its serial; absent for what is only counted.
    #[serde(default, skip_serializing_if = "left_out")]
    pub item_id: Option<ItemId>,
    /// For example "longsword"; `content/items.toml` lists them.
    pub kind: String,
    /// For people.
    pub name: String,
    /// How many: 1 of what has a serial.
    pub quantity: i64,
    /// Where exactly, within the location.
    pub position: Position,
}

/// What has changed of what lies on the ground of the location one is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroundUpdate {
    /// One's own.
    pub location_id: LocationId,
    /// Why, for programs: "drop", "pickup", or "expire" for what nobody picked up in time.
    pub reason: String,
    /// Who dropped it or picked it up.
    #[serde(default, skip_serializing_if = "left_out")]
    pub character_id: Option<CharacterId>,
    /// What lies there now.
    pub items: Vec<GroundItem>,
    /// What does not any more.
    pub gone: Vec<GroundId>,
}
