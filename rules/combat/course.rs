//! How a combat stands: everything of it that has to survive, and nothing else.

use std::collections::VecDeque;

use protocol::combat::{CombatStart, CombatState, Side};
use protocol::ids::{CombatId, CrystalShardId};
use protocol::party::LootSharing;
use protocol::{CharacterId, LocationId};
use serde::{Deserialize, Serialize};

use crate::combat::fighter::Fighter;
use crate::combat::plan::other_side;

/// Sentences of the log that are kept.
const LOG_LINES: usize = 12;
/// Nobody.
const NOBODY: CharacterId = CharacterId(0);

/// See the module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Course {
    pub id: CombatId,
    pub phase: Phase,
    /// Set by the first who comes.
    pub terms: Option<Terms>,
    /// How the party that began it shares; absent: whoever is lucky finds something.
    #[serde(default)]
    pub sharing: Option<Sharing>,
    /// In the order in which they came.
    pub fighters: Vec<Fighter>,
    /// Who acts in which order this round.
    pub order: Vec<CharacterId>,
    /// Whose turn it is, as a place in `order`.
    pub active: usize,
    pub round: u32,
    /// Turns that have begun.
    pub turn: u32,
    /// Until when whoever has to come, or to act (monotonic milliseconds).
    pub deadline_ms: u64,
    pub log: VecDeque<String>,
}

/// How far a combat has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// They come together; whoever challenged comes last and begins it.
    Mustering,
    Fighting,
    Over,
}

/// Where and against whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub location_id: LocationId,
    pub against: Against,
}

/// Who stands on the second side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Against {
    Characters,
    /// Their kinds.
    Enemies(Vec<String>),
    /// The one of a crystal shard, for the sake of the shard.
    Guardian(Prize),
}

/// Who of those who fight together gets what they find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sharing {
    pub loot: LootSharing,
    pub leader: CharacterId,
}

/// A crystal shard that is fought for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prize {
    pub shard: CrystalShardId,
    /// How often it had changed hands or was sealed when the fight began: whoever wins it later is too late.
    pub epoch: i64,
}

impl Course {
    pub fn new(id: CombatId) -> Self {
        Self {
            id,
            phase: Phase::Mustering,
            terms: None,
            sharing: None,
            fighters: Vec::new(),
            order: Vec::new(),
            active: 0,
            round: 0,
            turn: 0,
            deadline_ms: 0,
            log: VecDeque::new(),
        }
    }

    pub fn place_of(&self, who: CharacterId) -> Option<usize> {
        self.fighters.iter().position(|fighter| fighter.id == who)
    }

    /// The crystal shard that is fought for.
    pub fn prize(&self) -> Option<Prize> {
        match self.terms.as_ref()?.against {
            Against::Guardian(prize) => Some(prize),
            Against::Characters | Against::Enemies(_) => None,
        }
    }

    /// The places of those of a side who are up.
    pub fn up_on(&self, side: Side) -> impl Iterator<Item = usize> {
        let up = self.fighters.iter().enumerate();
        up.filter(move |(_, fighter)| fighter.side == side && fighter.is_up()).map(|(index, _)| index)
    }

    pub fn foes_up(&self, who: usize) -> impl Iterator<Item = usize> {
        self.up_on(other_side(self.fighters[who].side))
    }

    /// Whose turn it is, as a place in `fighters`.
    pub fn active_place(&self) -> Option<usize> {
        if self.phase != Phase::Fighting {
            return None;
        }
        self.place_of(*self.order.get(self.active)?)
    }

    /// The side that has won; `Some(None)`: both are down.
    pub fn decided(&self) -> Option<Option<Side>> {
        match (self.up_on(Side::First).next(), self.up_on(Side::Second).next()) {
            (Some(_), Some(_)) => None,
            (Some(_), None) => Some(Some(Side::First)),
            (None, Some(_)) => Some(Some(Side::Second)),
            (None, None) => Some(None),
        }
    }

    /// The order of a round: by initiative, slowness counted; of equals characters first, then who came first.
    pub fn ranked(&self) -> Vec<CharacterId> {
        let mut up: Vec<&Fighter> = self.fighters.iter().filter(|fighter| fighter.is_up()).collect();
        up.sort_by_key(|fighter| {
            let unslowed = crate::combat::figures::Figures::of(&fighter.stats, 0, 0, 0).initiative;
            let slower = unslowed - fighter.figures().initiative;
            (std::cmp::Reverse(fighter.initiative - slower), fighter.is_enemy())
        });
        up.into_iter().map(|fighter| fighter.id).collect()
    }

    pub fn note(&mut self, sentence: String) {
        self.log.push_back(sentence);
        while self.log.len() > LOG_LINES {
            self.log.pop_front();
        }
    }

    pub fn start_message(&self) -> CombatStart {
        CombatStart {
            combat_id: self.id.to_string(),
            location_id: self.terms.as_ref().map_or(LocationId::SAME, |terms| terms.location_id),
            participants: self.fighters.iter().map(Fighter::participant).collect(),
            turn_order: self.order.clone(),
        }
    }

    pub fn state_message(&self, mono_ms: u64) -> CombatState {
        let active = self.active_place().map(|place| self.fighters[place].id);
        CombatState {
            combat_id: self.id.to_string(),
            turn_number: self.turn,
            active_character_id: active.unwrap_or(NOBODY),
            turn_ends_in_ms: active.map(|_| self.deadline_ms.saturating_sub(mono_ms)),
            participants: self.fighters.iter().map(Fighter::participant).collect(),
            combat_log: self.log.iter().cloned().collect(),
            is_finished: self.phase == Phase::Over,
        }
    }
}
