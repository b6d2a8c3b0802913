//! Combats as they are fought: each documented rule on its own, and whatever comes in any order.

mod aftermath;
mod balance;
mod behaviours;
mod guardians;
mod leaving;
mod properties;
mod rules;
mod spoils;
mod turns;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use protocol::characters::{Resources, Stats};
use protocol::combat::{Act, ActionType, Side};
use protocol::ids::{CombatId, CrystalShardId};
use protocol::{CharacterId, LocationId, ServerMessage, Text};
use rand::SeedableRng;

use super::fighter::{Fighter, Supply};
use super::{
    Aftermath, Against, Combat, CombatCommand, CombatEntry, CombatLimits, Joining, Opening, Prize, Recruit,
    Terms,
};
use crate::content::Content;
use crate::venue::{Audience, Effect, Member, Moment, Save, Venue};
use crate::{Dice, Now, Refusal};

pub const LIMITS: CombatLimits = CombatLimits {
    turn_ms: 30_000,
    idle_turn_ms: 2_000,
    absent_ms: 60_000,
    muster_ms: 5_000,
    rounds_max: 200,
    side_max: 6,
    guardian_min: 4,
    guardian_health_percent: 20,
};
/// Where wolves are met.
pub const OUTPOST: LocationId = LocationId(11);
pub const VOLCANO: LocationId = LocationId(2);

/// The Phoenix Flame, that has changed hands twice.
pub const PRIZE: Prize = Prize { shard: CrystalShardId(1), epoch: 2 };

/// A combat with its dice and its clock.
#[derive(Clone)]
pub struct Ring {
    pub content: Arc<Content>,
    pub combat: Combat,
    pub dice: Dice,
    pub now: Now,
    pub aftermaths: Vec<Aftermath>,
}

/// What an input brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Brought {
    pub ended: Result<(), Refusal>,
    pub effects: Vec<Effect>,
}

impl Brought {
    /// What everybody who is still in it, or all but who acted, was told.
    pub fn told(&self) -> Vec<&ServerMessage> {
        let told = self.effects.iter().filter_map(|effect| match effect {
            Effect::Tell(Audience::Everyone | Audience::These(_), message) | Effect::Answer(message) => {
                Some(message)
            }
            _ => None,
        });
        told.filter(|message| !matches!(message, ServerMessage::CombatEnd(_))).collect()
    }
}

impl Ring {
    pub fn new(seed: u64) -> Self {
        let content = content();
        let now = Now { wall_ms: 1_700_000_000_000, mono_ms: 10_000 };
        let combat = Combat::new(id(), content.clone(), LIMITS, now);
        Self { content, combat, dice: Dice::seed_from_u64(seed), now, aftermaths: Vec::new() }
    }

    pub fn input(&mut self, apply: impl FnOnce(&mut Combat, &mut Moment) -> Result<(), Refusal>) -> Brought {
        let mut moment = Moment::new(self.now, &mut self.dice);
        let ended = apply(&mut self.combat, &mut moment);
        let effects = moment.effects;
        for effect in &effects {
            if let Effect::Save(Save::Combat(save)) = effect {
                self.aftermaths.extend(save.released.iter().cloned());
            }
        }
        Brought { ended, effects }
    }

    pub fn enter(&mut self, who: &Member, joining: Joining) -> Brought {
        self.input(|combat, moment| combat.enter(who, CombatEntry::Join(Box::new(joining)), moment))
    }

    pub fn come_back(&mut self, who: &Member) -> Brought {
        self.input(|combat, moment| combat.enter(who, CombatEntry::Return, moment))
    }

    pub fn act(&mut self, who: &Member, act: Act) -> Brought {
        self.input(|combat, moment| combat.apply(who, CombatCommand::Act(act), moment))
    }

    pub fn leave(&mut self, who: &Member) -> Brought {
        self.input(|combat, moment| {
            combat.leave(who, (), moment);
            Ok(())
        })
    }

    pub fn pass(&mut self, ms: u64) -> Brought {
        self.now.mono_ms += ms;
        self.now.wall_ms += ms as i64;
        self.input(|combat, moment| {
            combat.tick(&crate::venue::Lookers::default(), moment);
            Ok(())
        })
    }

    /// One character against these.
    pub fn alone_against(seed: u64, who: &Member, kinds: &[&str]) -> Self {
        let mut ring = Self::new(seed);
        let begun = ring.enter(who, opening(kinds));
        assert_eq!(begun.ended, Ok(()));
        ring
    }

    /// Two characters against each other.
    pub fn duel(seed: u64, one: &Member, other: &Member) -> Self {
        let mut ring = Self::new(seed);
        let challenged = entry(Against::Characters, Side::Second, false, recruit("Warrior"));
        assert_eq!(ring.enter(other, challenged).ended, Ok(()));
        let opens = entry(Against::Characters, Side::First, true, recruit("Warrior"));
        assert_eq!(ring.enter(one, opens).ended, Ok(()));
        ring
    }

    pub fn fighter(&self, who: CharacterId) -> &Fighter {
        let place = self.combat.course.place_of(who).unwrap();
        &self.combat.course.fighters[place]
    }

    pub fn fighter_mut(&mut self, who: CharacterId) -> &mut Fighter {
        let place = self.combat.course.place_of(who).unwrap();
        &mut self.combat.course.fighters[place]
    }

    /// Makes it this one's turn, with all others out of breath and out of reach of the dice.
    pub fn give_turn(&mut self, who: CharacterId) {
        let order = &self.combat.course.order;
        self.combat.course.active = order.iter().position(|id| *id == who).unwrap();
    }
}

/// Read once: it takes longer than many a combat.
pub fn content() -> Arc<Content> {
    static CONTENT: OnceLock<Arc<Content>> = OnceLock::new();
    CONTENT.get_or_init(|| Arc::new(Content::builtin())).clone()
}

pub fn id() -> CombatId {
    CombatId("9d2c1c55-3f0b-4f0e-8f43-6a1f0c2b7d10".parse().unwrap())
}

pub fn member(id: i64, faction: &str) -> Member {
    Member {
        id: CharacterId(id),
        name: format!("Player {id}"),
        faction: faction.to_owned(),
        level: 3,
        epoch: 1,
    }
}

pub fn recruit(class: &str) -> Recruit {
    let stats =
        Stats { strength: 14, dexterity: 12, intelligence: 14, constitution: 12, wisdom: 12, charisma: 14 };
    let resources =
        Resources { health: 120, max_health: 120, stamina: 120, max_stamina: 120, mana: 120, max_mana: 120 };
    let supply = |kind: &str, quantity| Supply { item_id: None, kind: kind.to_owned(), quantity };
    Recruit {
        class: class.to_owned(),
        stats,
        resources,
        attack_bonus: 8,
        defense_bonus: 8,
        supplies: vec![supply("health_potion", 2), supply("ancient_coin", 5)],
    }
}

pub fn entry(against: Against, side: Side, opens: bool, recruit: Recruit) -> Joining {
    let location_id = match against {
        Against::Guardian(_) => VOLCANO,
        _ => OUTPOST,
    };
    Joining { terms: Terms { location_id, against }, side, opening: opens.then(Opening::default), recruit }
}

pub fn opening(kinds: &[&str]) -> Joining {
    let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    entry(Against::Enemies(kinds), Side::First, true, recruit("Warrior"))
}

pub fn act(action_type: ActionType) -> Act {
    Act {
        combat_id: Text::new(id().to_string()).unwrap(),
        action_type,
        target_id: None,
        ability_name: None,
        item_id: None,
        item_kind: None,
    }
}

pub fn named(action_type: ActionType, name: &str) -> Act {
    Act { ability_name: Some(Text::new(name).unwrap()), ..act(action_type) }
}

/// The seats of a first fighter's health and what is told of it, for tests that compare.
pub fn healths(ring: &Ring) -> BTreeMap<CharacterId, i32> {
    ring.combat.course.fighters.iter().map(|fighter| (fighter.id, fighter.resources.health)).collect()
}
