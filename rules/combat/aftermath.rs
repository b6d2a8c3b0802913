//! What a combat leaves of a character: what is left of it, what it used up, what it won.

use protocol::CharacterId;
use protocol::combat::{CombatEnd, Outcome};
use protocol::ids::{CombatId, CrystalShardId};
use serde::{Deserialize, Serialize};

use crate::combat::fighter::Supply;

/// See the module. There is one for each character and combat; the session that has the character's sheet puts it into
/// effect, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aftermath {
    pub combat_id: CombatId,
    pub character_id: CharacterId,
    pub outcome: Outcome,
    /// What is left, as are stamina and mana.
    pub health: i32,
    pub stamina: i32,
    pub mana: i32,
    pub used: Vec<Supply>,
    pub experience: i64,
    pub souls: i64,
    /// Kinds of what it found, each once or more often.
    pub loot: Vec<String>,
    /// The crystal shard whose guardian was defeated, for whoever may take it.
    pub prize: Option<CrystalShardId>,
}

impl Aftermath {
    /// The same, as its character is told.
    pub fn message(&self) -> CombatEnd {
        CombatEnd {
            combat_id: self.combat_id.to_string(),
            outcome: self.outcome,
            experience: self.experience,
            souls: self.souls,
            loot: self.loot.clone(),
        }
    }
}
