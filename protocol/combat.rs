//! Combat: two sides that take turns.

use std::collections::BTreeMap;

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
    /// The kind of enemy, for example "corrupt_wolf", or "guardian" for the one of the location's crystal shard.
    /// Without it and `target_id`: whichever of the location's enemies comes first.
    #[serde(default, skip_serializing_if = "left_out")]
    pub enemy: Option<Text<1, 50>>,
}

/// What a fighter can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActionType {
    /// Strikes with what is in hand: `ability_name` "light" (the default) or "heavy".
    Attack,
    /// Wards off until one's next turn: `ability_name` "block" (the default), "dodge" or "parry"; or "rest", which wards
    /// off nothing and costs nothing.
    Defend,
    /// Uses the ability that `ability_name` names.
    Spell,
    /// Uses up the item that `item_id` or `item_kind` names.
    Item,
    /// Tries to get away.
    Flee,
}

/// Whom an ability is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Targets {
    /// Oneself.
    #[serde(rename = "self")]
    Oneself,
    /// One of one's own side, oneself included.
    Ally,
    /// One of the other side.
    One,
    /// Everybody on the other side.
    All,
}

/// Something that a class can do in a combat, with `action_type` "spell".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ability {
    /// What `ability_name` calls it, for example "Fireball".
    pub name: String,
    /// What it costs in health.
    pub health: i32,
    /// What it costs in stamina.
    pub stamina: i32,
    /// What it costs in mana.
    pub mana: i32,
    /// In so many of one's own turns it can be used again.
    pub cooldown: i32,
    /// Whom it is for.
    pub targets: Targets,
    /// Before one's own stats add to it; 0: it hurts nobody by itself.
    pub damage: i32,
    /// Before one's own stats add to it; 0: it heals nobody.
    pub healing: i32,
    /// What its user regains.
    pub restores_mana: i32,
    /// What it puts its target under, for example "burn".
    #[serde(default, skip_serializing_if = "left_out")]
    pub effect: Option<String>,
    /// For how many of the target's turns.
    #[serde(default, skip_serializing_if = "left_out")]
    pub effect_turns: Option<i32>,
}

/// What came of a fighter's move, as far as it was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActionResult {
    /// It was done.
    Done,
    /// The blow went home.
    Hit,
    /// The blow went home where it hurts most.
    Critical,
    /// The blow met a guard, and most of it stayed there.
    Blocked,
    /// The blow, or the spell, met nobody.
    Missed,
    /// The target was not there any more.
    Dodged,
    /// The blow was turned against whoever struck it.
    Parried,
    /// It came to nothing: nobody got away.
    Failed,
    /// The turn went by without a move.
    Idle,
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
    /// With `spell`: for example "Fireball". With `attack` and `defend`: in which manner.
    #[serde(default, skip_serializing_if = "left_out")]
    pub ability_name: Option<Text<1, 50>>,
    /// With `item`: which of one's own.
    #[serde(default, skip_serializing_if = "left_out")]
    pub item_id: Option<ItemId>,
    /// With `item`, for what is only counted: for example "health_potion".
    #[serde(default, skip_serializing_if = "left_out")]
    pub item_kind: Option<Text<1, 50>>,
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
    /// Whom it is done to; absent where it is done to nobody, or to several.
    #[serde(default, skip_serializing_if = "left_out")]
    pub target_id: Option<CharacterId>,
    /// With `spell`: for example "Fireball". With `attack` and `defend`: in which manner.
    #[serde(default, skip_serializing_if = "left_out")]
    pub ability_name: Option<String>,
    /// With `item`: which one.
    #[serde(default, skip_serializing_if = "left_out")]
    pub item_id: Option<ItemId>,
    /// With `item`: what it is.
    #[serde(default, skip_serializing_if = "left_out")]
    pub item_kind: Option<String>,
    /// What came of it.
    pub result: ActionResult,
}

/// Which side somebody fights on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Of those who began.
    First,
    /// Of those who were challenged.
    Second,
}

/// Whether somebody fights still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// On their feet.
    Up,
    /// Out of health.
    Down,
    /// Got away.
    Fled,
}

/// How dangerous an enemy is among its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    /// Of the usual kind.
    Common,
    /// Better than others.
    Elite,
    /// There is one of it.
    Boss,
}

/// A fighter, as `combat_start` and `combat_state` list them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Participant {
    /// A character's id; enemies have negative ones.
    pub character_id: CharacterId,
    /// A character's, or the enemy's.
    pub name: String,
    /// 1 to 25 for characters; enemies may be beyond that.
    pub level: i32,
    /// What is left.
    pub health: i32,
    /// What it could be.
    pub max_health: i32,
    /// What is left for attacks and for abilities of the body.
    pub stamina: i32,
    /// What it could be.
    pub max_stamina: i32,
    /// What is left for spells.
    pub mana: i32,
    /// What it could be.
    pub max_mana: i32,
    /// Whether the server plays it.
    pub is_enemy: bool,
    /// How dangerous an enemy is among its like; absent for characters.
    #[serde(default, skip_serializing_if = "left_out")]
    pub rank: Option<Rank>,
    /// On which side.
    pub side: Side,
    /// Whether it fights still.
    pub standing: Standing,
    /// What it is under, for example "poison" or "strength".
    pub effects: Vec<String>,
    /// For how many of its own turns more, by the word in `effects`.
    #[serde(default)]
    pub effect_turns: BTreeMap<String, i32>,
    /// In how many of its own turns an ability can be used again, by name; those that are not named can be used now.
    #[serde(default)]
    pub cooldowns: BTreeMap<String, i32>,
}

/// A combat began. Of two who challenge each other at once one is answered `ok`, and hears this when it begins.
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

/// How a combat ended for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The other side is down or gone.
    Won,
    /// One's own side is, or one stayed away too long.
    Lost,
    /// One got away.
    Fled,
    /// Nobody won: it did not come about, or it took too long.
    Ended,
}

/// A combat is over for oneself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CombatEnd {
    /// Names the combat.
    pub combat_id: String,
    /// How it ended for oneself.
    pub outcome: Outcome,
    /// What one gets oneself.
    pub experience: i64,
    /// What one gets oneself.
    pub souls: i64,
    /// Kinds of what one found: what there is no room for stays behind, see the `inventory_update` that follows.
    pub loot: Vec<String>,
}

/// The whole of a combat, for whoever needs it from the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CombatState {
    /// Names the combat.
    pub combat_id: String,
    /// From 1; 0 before it began.
    pub turn_number: u32,
    /// Whose turn it is; 0: nobody's.
    pub active_character_id: CharacterId,
    /// How long the turn can take, from when this was sent; absent when it is nobody's.
    #[serde(default, skip_serializing_if = "left_out")]
    pub turn_ends_in_ms: Option<u64>,
    /// Everybody in it.
    pub participants: Vec<Participant>,
    /// What happened lately, a sentence each, oldest first.
    pub combat_log: Vec<String>,
    /// Whether it is over.
    pub is_finished: bool,
}
