//! Combat. The vocabulary; the rules come with the feature.

use serde::{Deserialize, Serialize};

use crate::nulls::left_out;

use crate::ids::ItemId;
use crate::{CharacterId, LocationId, Text};

/// Starts a combat: against another character, or against an enemy of the location.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StartCombat {
    /// Another character of the same location; else `enemy` says whom.
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
    /// Strikes with what is in hand.
    Attack,
    /// Wards off: less damage until one's next turn.
    Defend,
    /// Uses the ability that `ability_name` names.
    Spell,
    /// Uses the item that `item_id` names.
    Item,
    /// Tries to get away.
    Flee,
}

/// One's own move in a combat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Act {
    /// Names the combat.
    pub combat_id: Text<1, 64>,
    /// What is done.
    pub action_type: ActionType,
    /// Whom it is done to; not needed where there is no choice.
    #[serde(default, skip_serializing_if = "left_out")]
    pub target_id: Option<CharacterId>,
    /// With `spell`: for example "Fireball".
    #[serde(default, skip_serializing_if = "left_out")]
    pub ability_name: Option<Text<1, 50>>,
    /// With `item`: which of one's own.
    #[serde(default, skip_serializing_if = "left_out")]
    pub item_id: Option<ItemId>,
}

/// A fighter's move, as everybody in the combat sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CombatAction {
    /// Names the combat.
    pub combat_id: String,
    /// Who acts.
    pub character_id: CharacterId,
    /// What is done.
    pub action_type: ActionType,
    /// Whom it is done to; not needed where there is no choice.
    #[serde(default, skip_serializing_if = "left_out")]
    pub target_id: Option<CharacterId>,
    /// With `spell`: for example "Fireball".
    #[serde(default, skip_serializing_if = "left_out")]
    pub ability_name: Option<String>,
    /// With `item`: which one.
    #[serde(default, skip_serializing_if = "left_out")]
    pub item_id: Option<ItemId>,
}

/// A fighter, as `combat_start` and `combat_state` list them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Participant {
    /// A character's id; enemies have negative ones.
    pub character_id: CharacterId,
    /// A character's, or the enemy's.
    pub name: String,
    /// What is left.
    pub health: i32,
    /// What it could be.
    pub max_health: i32,
    /// Whether the server plays it.
    pub is_enemy: bool,
}

/// A combat began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CombatStart {
    /// Names the combat.
    pub combat_id: String,
    /// Where it is fought.
    pub location_id: LocationId,
    /// Everybody in it.
    pub participants: Vec<Participant>,
    /// Who acts in which order, by initiative.
    pub turn_order: Vec<CharacterId>,
}

/// Somebody was hurt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CombatDamage {
    /// Names the combat.
    pub combat_id: String,
    /// Absent for damage over time.
    #[serde(default, skip_serializing_if = "left_out")]
    pub source_id: Option<CharacterId>,
    /// Who was hurt.
    pub target_id: CharacterId,
    /// Points of health lost.
    pub amount: i32,
    /// Whether it was a critical hit.
    pub critical: bool,
    /// What is left.
    pub health: i32,
}

/// Somebody was healed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CombatHeal {
    /// Names the combat.
    pub combat_id: String,
    /// Absent for what heals by itself.
    #[serde(default, skip_serializing_if = "left_out")]
    pub source_id: Option<CharacterId>,
    /// Who was healed.
    pub target_id: CharacterId,
    /// Points of health regained.
    pub amount: i32,
    /// What there is now.
    pub health: i32,
}

/// A combat is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CombatEnd {
    /// Names the combat.
    pub combat_id: String,
    /// "won", "lost", "fled" or "ended".
    pub outcome: String,
    /// What one gets oneself.
    pub experience: i64,
    /// What one gets oneself.
    pub souls: i64,
    /// Kinds of the items found.
    pub loot: Vec<String>,
}

/// The whole of a combat, for whoever needs it from the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CombatState {
    /// Names the combat.
    pub combat_id: String,
    /// From 1.
    pub turn_number: u32,
    /// Whose turn it is.
    pub active_character_id: CharacterId,
    /// Everybody in it.
    pub participants: Vec<Participant>,
    /// What happened, a sentence each, oldest first.
    pub combat_log: Vec<String>,
    /// Whether it is over.
    pub is_finished: bool,
}
