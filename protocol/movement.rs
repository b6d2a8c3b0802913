//! Where characters are and how they get there.

use serde::{Deserialize, Serialize};

use crate::nulls::left_out;

use crate::{CharacterId, LocationId};

/// A point or a velocity: x and y span the plane, z is up; metres or metres a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Position {
    pub x: f64,
    pub y: f64,
    #[serde(default)]
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
    pub character_id: CharacterId,
    pub character_name: String,
    pub level: i32,
    pub faction: String,
    pub position: Position,
}

/// Where one is now: the answer to a change of location, and sent on entering the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LocationUpdate {
    pub character_id: CharacterId,
    #[serde(default, skip_serializing_if = "left_out")]
    pub from_location_id: Option<LocationId>,
    pub location_id: LocationId,
    pub location_name: String,
    pub position: Position,
    /// Where one can go from here.
    pub exits: Vec<LocationId>,
    /// The nearest others, at most 20.
    pub occupants: Vec<Occupant>,
    /// How many others there are in all.
    pub occupant_count: u32,
}

/// Somebody entered the location one is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlayerJoinedArea {
    pub character_id: CharacterId,
    pub character_name: String,
    pub location_id: LocationId,
    pub level: i32,
    pub faction: String,
    pub position: Position,
}

/// Somebody left the location one is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlayerLeftArea {
    pub character_id: CharacterId,
    pub character_name: String,
    pub location_id: LocationId,
    /// Where to; absent for somebody who left the world.
    #[serde(default, skip_serializing_if = "left_out")]
    pub to_location_id: Option<LocationId>,
}
