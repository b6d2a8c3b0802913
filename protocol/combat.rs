//! Combat. The vocabulary; the rules come with the feature.

use serde::{Deserialize, Serialize};

use crate::nulls::left_out;

use crate::{CharacterId, LocationId, Text};

/// Starts a combat: against another character, or against an enemy of the location.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StartCombat {
    #[serde(default, skip_serializing_if = "left_out")]
    pub target_id: Option<CharacterId>,
    /// The kind of enemy, for example "corrupt_wolf".
    #[serde(default, skip_serializing_if = "left_out")]
    pub enemy: Option<Text<1, 50>>,
}

/// What a fighter can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActionType {
    Attack,
    Defend,
    Spell,
    Item,
    Flee,
}

/// One's own move in a combat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Act {
    pub combat_id: Text<1, 64>,
    pub action_type: ActionType,
    #[serde(default, skip_serializing_if = "left_out")]
    pub target_id: Option<CharacterId>,
    #[serde(default, skip_serializing_if = "left_out")]
    pub ability_name: Option<Text<1, 50>>,
    #[serde(default, skip_serializing_if = "left_out")]
    pub item_id: Option<i64>,
}

/// A fighter's move, as everybody in the combat sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CombatAction {
    pub combat_id: String,
    pub character_id: CharacterId,
    pub action_type: ActionType,
    #[serde(default, skip_serializing_if = "left_out")]
    pub target_id: Option<CharacterId>,
    #[serde(default, skip_serializing_if = "left_out")]
    pub ability_name: Option<String>,
    #[serde(default, skip_serializing_if = "left_out")]
    pub item_id: Option<i64>,
}

/// A fighter, as `combat_start` and `combat_state` list them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Participant {
    /// A character's id; enemies have negative ones.
    pub character_id: CharacterId,
    pub name: String,
    pub health: i32,
    pub max_health: i32,
    pub is_enemy: bool,
}

/// A combat began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CombatStart {
    pub combat_id: String,
    pub location_id: LocationId,
    pub participants: Vec<Participant>,
    /// Who acts in which order, by initiative.
    pub turn_order: Vec<CharacterId>,
}

/// Somebody was hurt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CombatDamage {
    pub combat_id: String,
    /// Absent for damage over time.
    #[serde(default, skip_serializing_if = "left_out")]
    pub source_id: Option<CharacterId>,
    pub target_id: CharacterId,
    pub amount: i32,
    pub critical: bool,
    /// What is left.
    pub health: i32,
}

/// Somebody was healed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CombatHeal {
    pub combat_id: String,
    #[serde(default, skip_serializing_if = "left_out")]
    pub source_id: Option<CharacterId>,
    pub target_id: CharacterId,
    pub amount: i32,
    /// What there is now.
    pub health: i32,
}

/// A combat is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CombatEnd {
    pub combat_id: String,
    /// "won", "lost", "fled" or "ended".
    pub outcome: String,
    pub experience: i64,
    pub souls: i64,
    /// Kinds of the items found.
    pub loot: Vec<String>,
}

/// The whole of a combat, for whoever needs it from the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CombatState {
    pub combat_id: String,
    pub turn_number: u32,
    pub active_character_id: CharacterId,
    pub participants: Vec<Participant>,
    pub combat_log: Vec<String>,
    pub is_finished: bool,
}
