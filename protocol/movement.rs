//! Where characters are and how they get there.

use serde::{Deserialize, Serialize};

use crate::ground::GroundItem;
use crate::nulls::{left_out, null_is_default};

use crate::{CharacterId, LocationId};

/// A point or a velocity: x and y span the plane, z is up; metres or metres a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Position {
    /// East.
    pub x: f64,
    /// North.
    pub y: f64,
    /// Up; 0 when absent.
    #[serde(default, deserialize_with = "null_is_default")]
    pub z: f64,
}

/// Goes to a neighbouring location, or to a point of the same one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Move {
    /// Accepted as documented; the server knows where one is and where one came from.
    #[serde(default, skip_serializing_if = "left_out")]
    pub from_location_id: Option<LocationId>,
    /// 0, or where one is already: a smooth position update.
    pub to_location_id: LocationId,
    /// Where exactly; on entering a location it may be anywhere in bounds. From then on no farther than the location's speed
    /// allows (10 m/s unless it says otherwise), and no step longer than 0.6 s of it, however long the last one was ago: who
    /// walks tells it twice a second at least.
    #[serde(default, skip_serializing_if = "left_out")]
    pub position: Option<Position>,
    /// Metres a second; what others draw between two updates.
    #[serde(default, skip_serializing_if = "left_out")]
    pub velocity: Option<Position>,
}

/// Somebody else who is here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Occupant {
    /// Who.
    pub character_id: CharacterId,
    /// As everybody sees it.
    pub character_name: String,
    /// 1 to 25.
    pub level: i32,
    /// For example "Aether Seekers".
    pub faction: String,
    /// Where exactly, within the location.
    pub position: Position,
}

/// Where one is now: the answer to a change of location, and sent on entering the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LocationUpdate {
    /// One's own.
    pub character_id: CharacterId,
    /// Where one came from; absent on entering the world.
    #[serde(default, skip_serializing_if = "left_out")]
    pub from_location_id: Option<LocationId>,
    /// Where one is now.
    pub location_id: LocationId,
    /// For example "The Nexus".
    pub location_name: String,
    /// Where exactly, within the location.
    pub position: Position,
    /// Where one can go from here.
    pub exits: Vec<LocationId>,
    /// The nearest others in view, at most 20.
    pub occupants: Vec<Occupant>,
    /// How many others there are in the location, in view or not.
    pub occupant_count: u32,
    /// Everything that lies on the ground of the location; `ground_update` says what changes of it.
    #[serde(default)]
    pub ground: Vec<GroundItem>,
    /// Whether nobody can fight here.
    #[serde(default)]
    pub safe: bool,
    /// Kinds of the enemies that are met here, as `combat_start` names them.
    #[serde(default)]
    pub enemies: Vec<String>,
    /// Kinds of the things that one can buy here.
    #[serde(default)]
    pub sells: Vec<String>,
}

/// Somebody entered the location one is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlayerJoinedArea {
    /// Who.
    pub character_id: CharacterId,
    /// As everybody sees it.
    pub character_name: String,
    /// Which location: one's own.
    pub location_id: LocationId,
    /// 1 to 25.
    pub level: i32,
    /// For example "Aether Seekers".
    pub faction: String,
    /// Where exactly, within the location.
    pub position: Position,
}

/// Somebody left the location one is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlayerLeftArea {
    /// Who.
    pub character_id: CharacterId,
    /// As everybody sees it.
    pub character_name: String,
    /// Which location: one's own.
    pub location_id: LocationId,
    /// Where to; absent for somebody who left the world.
    #[serde(default, skip_serializing_if = "left_out")]
    pub to_location_id: Option<LocationId>,
}
