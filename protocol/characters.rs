//! Characters: what a person plays, the same shape over REST and the WebSocket.

use serde::{Deserialize, Serialize};

use crate::nulls::left_out;

use crate::combat::Ability;
use crate::movement::Position;
use crate::{CharacterId, LocationId, Text};

/// The six abilities. Created characters have 2 to 20 in each, before levels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stats {
    /// Adds to attack, and to the damage of critical hits.
    pub strength: i32,
    /// Adds to defence, accuracy, evasion, initiative and the chance of critical hits.
    pub dexterity: i32,
    /// Adds to mana and to spells.
    pub intelligence: i32,
    /// Adds to health and stamina.
    pub constitution: i32,
    /// Adds to mana and to healing.
    pub wisdom: i32,
    /// Adds to what depends on others.
    pub charisma: i32,
}

/// What a character spends and regains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Resources {
    /// At 0 the character is down.
    pub health: i32,
    /// What `health` is restored to.
    pub max_health: i32,
    /// What actions of the body cost.
    pub stamina: i32,
    /// What `stamina` is restored to.
    pub max_stamina: i32,
    /// What spells cost.
    pub mana: i32,
    /// What `mana` is restored to.
    pub max_mana: i32,
}

/// How far a character has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Progression {
    /// 1 to 25.
    pub level: i32,
    /// In all, since level 1.
    pub experience: i64,
    /// The currency of the world.
    pub souls: i64,
}

/// A character as its owner sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Character {
    /// What other messages call `character_id`.
    pub id: CharacterId,
    /// Unique among all characters.
    pub name: String,
    /// Always true: enemies are no characters.
    pub is_player: bool,
    /// For example "Human".
    pub race: String,
    /// For example "Warrior".
    pub class: String,
    /// For example "Aether Seekers".
    pub faction: String,
    /// With racial modifiers and what levels added.
    pub stats: Stats,
    /// What it has now, and could have.
    pub resources: Resources,
    /// How far it has come.
    pub progression: Progression,
    /// Where it is, or will be when it enters the world.
    pub location_id: LocationId,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// ISO 8601, UTC.
    pub updated_at: String,
}

/// How the six stats of a new character come about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StatMethod {
    /// Six times: four dice, the lowest dropped.
    #[default]
    #[serde(rename = "4d6_drop_lowest", alias = "4d6", alias = "4d6-drop-lowest")]
    FourDropLowest,
    /// Six times: three dice.
    #[serde(rename = "3d6")]
    ThreeDice,
    /// Six times: two dice and six.
    Heroic,
    /// Chosen by the player: each 3 to 18, 60 in all.
    #[serde(alias = "point-buy")]
    PointBuy,
}

/// Creates a character; also the body of `POST /api/characters`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateCharacter {
    /// Letters, spaces, hyphens and apostrophes; nobody else's.
    pub name: Text<3, 50>,
    /// For example "Human"; `content/races.toml` lists them.
    pub race: Text<1, 50>,
    /// For example "Warrior"; `content/classes.toml` lists them.
    pub class: Text<1, 50>,
    /// For example "Aether Seekers"; `content/factions.toml` lists them.
    pub faction: Text<1, 50>,
    /// How the stats come about; `4d6_drop_lowest` when absent.
    #[serde(default, skip_serializing_if = "left_out")]
    pub method: Option<StatMethod>,
    /// With `point_buy` only: the stats before racial modifiers.
    #[serde(default, skip_serializing_if = "left_out")]
    pub stats: Option<Stats>,
}

/// Names one of one's own characters: `character_select`, `character_delete`, `POST /api/characters/select`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WhichCharacter {
    /// One of one's own.
    pub character_id: CharacterId,
}

/// One's own characters: `character_list`, `GET /api/characters`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CharacterList {
    /// All but deleted ones; at most 8.
    pub characters: Vec<Character>,
}

/// The answer to creating or selecting a character, over REST too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CharacterAnswer {
    /// Always true: a refusal is an `error`.
    pub success: bool,
    /// As it is now.
    pub character: Character,
    /// What its class can do in a combat.
    #[serde(default)]
    pub abilities: Vec<Ability>,
}

/// The answer to deleting a character.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CharacterDeleted {
    /// Always true: a refusal is an `error`.
    pub success: bool,
    /// Which one.
    pub character_id: CharacterId,
    /// One sentence for a person.
    pub message: String,
}

/// How a character stands now: one's own after a change, others' when they are near.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CharacterUpdate {
    /// Whose state this is.
    pub character_id: CharacterId,
    /// As everybody sees it.
    pub character_name: String,
    /// Where it is.
    #[serde(default, skip_serializing_if = "left_out")]
    pub location_id: Option<LocationId>,
    /// Metres, within the location.
    #[serde(default, skip_serializing_if = "left_out")]
    pub position: Option<Position>,
    /// Metres a second.
    #[serde(default, skip_serializing_if = "left_out")]
    pub velocity: Option<Position>,
    /// Points; absent where it is not told, as are the next five.
    #[serde(default, skip_serializing_if = "left_out")]
    pub health: Option<i32>,
    /// See `health`.
    #[serde(default, skip_serializing_if = "left_out")]
    pub max_health: Option<i32>,
    /// See `health`.
    #[serde(default, skip_serializing_if = "left_out")]
    pub mana: Option<i32>,
    /// See `health`.
    #[serde(default, skip_serializing_if = "left_out")]
    pub max_mana: Option<i32>,
    /// See `health`.
    #[serde(default, skip_serializing_if = "left_out")]
    pub stamina: Option<i32>,
    /// See `health`.
    #[serde(default, skip_serializing_if = "left_out")]
    pub max_stamina: Option<i32>,
    /// 1 to 25.
    #[serde(default, skip_serializing_if = "left_out")]
    pub level: Option<i32>,
    /// For example "Aether Seekers".
    #[serde(default, skip_serializing_if = "left_out")]
    pub faction: Option<String>,
}
