//! The rows of the tables in `content/`: what the world is made of. Unknown fields are errors.

use std::collections::BTreeMap;

use protocol::LocationId;
use protocol::characters::Stats;
use protocol::combat::Targets;
use protocol::ids::CrystalShardId;
use protocol::movement::Position;
use serde::{Deserialize, Deserializer, Serialize};

/// How fast one moves where a location does not say otherwise, in metres a second.
pub const SPEED_DEFAULT: f64 = 10.0;

/// One of the powers that contend for the crystal shards.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faction {
    pub name: String,
    pub description: String,
}

/// What the world is like under one faction, or under none.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reality {
    pub name: String,
    pub description: String,
    /// Absent for the one reality that belongs to nobody.
    pub faction: Option<String>,
}

/// What a character is born as.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Race {
    pub name: String,
    pub description: String,
    /// Added to the stats of a new character.
    #[serde(deserialize_with = "stats")]
    pub modifiers: Stats,
}

/// What a character does for a living.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    pub name: String,
    pub description: String,
    /// Before modifiers, as are stamina and mana.
    pub health: i32,
    pub stamina: i32,
    pub mana: i32,
    /// Added to the stats at each level, beyond the constitution that everybody gains.
    #[serde(deserialize_with = "stats")]
    pub level_gains: Stats,
    /// Kinds of the items that a new character carries.
    pub kit: Vec<String>,
}

/// A kind of thing that can be carried.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What the database and the protocol call it.
    pub kind: String,
    pub name: String,
    /// Where it is worn; absent for what is used up or sold.
    pub slot: Option<Slot>,
    /// In souls.
    pub value: i64,
    #[serde(default)]
    pub stackable: bool,
    #[serde(default)]
    pub attack_bonus: i32,
    #[serde(default)]
    pub defense_bonus: i32,
    /// What using it up gives back.
    #[serde(default)]
    pub restores: Amounts,
}

/// Where an item is worn, one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    Weapon,
    Armor,
    Trinket,
}

impl Slot {
    const ALL: [Self; 3] = [Self::Weapon, Self::Armor, Self::Trinket];

    /// The word for it, in content, on the wire and on disk.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Weapon => "weapon",
            Self::Armor => "armor",
            Self::Trinket => "trinket",
        }
    }

    /// The slot of this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.as_str() == word)
    }
}

/// Some of each resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Amounts {
    pub health: i32,
    pub stamina: i32,
    pub mana: i32,
}

/// What a class can do in combat.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ability {
    pub name: String,
    /// Whose it is; absent for what only enemies can do.
    pub class: Option<String>,
    pub cost: Amounts,
    /// Rounds until it can be used again.
    pub cooldown: i32,
    pub targets: Targets,
    #[serde(default)]
    pub damage: i32,
    #[serde(default)]
    pub healing: i32,
    #[serde(default)]
    pub restores_mana: i32,
    /// Factors by which stat modifiers raise damage and healing: base × (1 + Σ modifier × factor × 0.1).
    #[serde(default)]
    pub scales_with: BTreeMap<Stat, f64>,
    pub effect: Option<AbilityEffect>,
    /// The share of health below which a target takes the damage again.
    pub execute_below: Option<f64>,
}

impl Ability {
    /// As clients are told of it.
    pub fn told(&self) -> protocol::combat::Ability {
        let Amounts { health, stamina, mana } = self.cost;
        protocol::combat::Ability {
            name: self.name.clone(),
            health,
            stamina,
            mana,
            cooldown: self.cooldown,
            targets: self.targets,
            damage: self.damage,
            healing: self.healing,
            restores_mana: self.restores_mana,
            effect: self.effect.map(|effect| effect.kind.as_str().to_owned()),
            effect_turns: self.effect.map(|effect| effect.rounds),
        }
    }
}

/// One of the six abilities of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stat {
    Strength,
    Dexterity,
    Intelligence,
    Constitution,
    Wisdom,
    Charisma,
}

/// What stays on the target of an ability.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AbilityEffect {
    pub kind: EffectKind,
    pub rounds: i32,
    /// Health lost or regained a round; 0 for effects of another nature.
    #[serde(default)]
    pub amount: i32,
}

/// The ways in which a fighter can be affected for some rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// Loses `amount` of health a round, as with poison and burn.
    Bleed,
    Poison,
    Burn,
    /// Is slower: as if its modifier of dexterity were `amount` less.
    Frost,
    /// Can't act.
    Stun,
    /// Strikes with three quarters of its attack.
    Weakness,
    /// Strikes with five quarters of its attack.
    Strength,
    /// Has five quarters of its defence.
    Defense,
    /// Dodges what it can.
    Evasion,
    /// Regains `amount` of health a round.
    Regeneration,
    /// Takes a quarter more of whatever hits it.
    Mark,
}

impl EffectKind {
    /// The word for it, in content and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bleed => "bleed",
            Self::Poison => "poison",
            Self::Burn => "burn",
            Self::Frost => "frost",
            Self::Stun => "stun",
            Self::Weakness => "weakness",
            Self::Strength => "strength",
            Self::Defense => "defense",
            Self::Evasion => "evasion",
            Self::Regeneration => "regeneration",
            Self::Mark => "mark",
        }
    }
}

/// A crystal shard as the world begins with it: unclaimed, its guardian whole.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrystalShard {
    pub id: CrystalShardId,
    pub name: String,
    pub description: String,
    pub element: String,
    /// Where the tale puts its guardian.
    pub location_name: String,
    /// That location; absent when the world does not have it.
    pub location_id: Option<LocationId>,
    pub guardian: Guardian,
    pub power_level: i64,
}

/// Who has to be defeated for a crystal shard.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guardian {
    pub name: String,
    pub level: i32,
    pub health: i32,
    /// The kind of enemy that it fights like.
    #[serde(default = "guardian_kind")]
    pub kind: String,
}

/// A named area of the world.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    pub id: LocationId,
    pub name: String,
    pub description: String,
    /// The partition of the world that simulates it.
    pub world_shard: String,
    /// 0 (none) to 10.
    pub danger: i32,
    /// Nobody fights here.
    pub safe: bool,
    pub bounds: Bounds,
    /// Where characters appear.
    #[serde(deserialize_with = "position")]
    pub spawn: Position,
    /// Metres a second.
    #[serde(default = "speed_default")]
    pub speed: f64,
    /// How many characters fit; absent for any number.
    pub capacity: Option<u32>,
    /// Kinds of what its vendor sells; empty where there is none.
    #[serde(default)]
    pub sells: Vec<String>,
    /// Kinds of the enemies one can meet here.
    #[serde(default)]
    pub enemies: Vec<String>,
    /// How often one of them comes upon whoever arrives, and again upon whoever has gone 100 m.
    #[serde(default)]
    pub ambush_percent: i32,
    /// Where one can go from here, in order of id.
    pub exits: Vec<LocationId>,
}

/// The box that a location's positions lie in, borders included; metres.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    #[serde(deserialize_with = "position")]
    pub min: Position,
    #[serde(deserialize_with = "position")]
    pub max: Position,
}

impl Bounds {
    /// False for anything that is not a number.
    pub fn contains(&self, position: Position) -> bool {
        let (min, max) = (self.min, self.max);
        (min.x..=max.x).contains(&position.x)
            && (min.y..=max.y).contains(&position.y)
            && (min.z..=max.z).contains(&position.z)
    }
}

fn guardian_kind() -> String {
    "crystal_shard_guardian".to_owned()
}

fn speed_default() -> f64 {
    SPEED_DEFAULT
}

fn position<'de, D: Deserializer<'de>>(from: D) -> Result<Position, D::Error> {
    let [x, y, z] = <[f64; 3]>::deserialize(from)?;
    Ok(Position { x, y, z })
}

/// On the wire stats are complete and unknown fields pass; in content it is the other way round.
fn stats<'de, D: Deserializer<'de>>(from: D) -> Result<Stats, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Changes {
        strength: i32,
        dexterity: i32,
        intelligence: i32,
        constitution: i32,
        wisdom: i32,
        charisma: i32,
    }
    let Changes { strength, dexterity, intelligence, constitution, wisdom, charisma } =
        Changes::deserialize(from)?;
    Ok(Stats { strength, dexterity, intelligence, constitution, wisdom, charisma })
}
