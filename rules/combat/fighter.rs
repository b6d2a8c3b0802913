//! One who fights: a character or an enemy, with what it has, is under, and can do next.

use std::collections::BTreeMap;

use protocol::CharacterId;
use protocol::characters::{Resources, Stats};
use protocol::combat::{Participant, Rank, Side, Standing};
use protocol::ids::ItemId;
use serde::{Deserialize, Serialize};

use crate::combat::figures::Figures;
use crate::content::{AbilityEffect, Amounts, Behaviour, EffectKind};

/// What everybody regains at the beginning of a turn.
const STAMINA_REGAINED: i32 = 10;

/// See the module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fighter {
    pub id: CharacterId,
    pub name: String,
    pub level: i32,
    pub side: Side,
    pub role: Role,
    pub stats: Stats,
    pub resources: Resources,
    /// Of what it wears.
    pub attack_bonus: i32,
    pub defense_bonus: i32,
    pub standing: Standing,
    pub stance: Stance,
    pub effects: Vec<Active>,
    /// By ability: in how many of its turns it can be used again.
    pub cooldowns: BTreeMap<String, i32>,
    /// Rolled once, when the combat began.
    pub initiative: i64,
    /// Health that others lost by its doing.
    pub damage_dealt: i64,
}

/// Who plays it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Role {
    Character(Box<Played>),
    Enemy(Brain),
}

/// A character in a combat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Played {
    pub epoch: i64,
    pub class: String,
    pub faction: String,
    /// What it can use up.
    pub supplies: Vec<Supply>,
    /// What of it it has used up.
    pub used: Vec<Supply>,
    /// Since when nobody plays it (monotonic milliseconds).
    pub absent_since_ms: Option<u64>,
    /// Turns in a row that ran out.
    pub turns_missed: u32,
}

/// What moves an enemy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Brain {
    pub kind: String,
    #[serde(default)]
    pub rank: Option<Rank>,
    pub behaviour: Behaviour,
    /// The share of health below which it rages, in thousandths; 0 for never.
    pub enrage_below: i64,
    pub abilities: Vec<String>,
}

/// Some of what can be used up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Supply {
    /// Of one of its kind; absent for what is only counted.
    pub item_id: Option<ItemId>,
    pub kind: String,
    pub quantity: i64,
}

/// How somebody wards off what comes, until its next turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stance {
    #[default]
    Open,
    Blocking,
    Dodging,
    Parrying,
}

/// Something that somebody is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Active {
    pub kind: EffectKind,
    /// Of its turns that are still to begin.
    pub rounds: i32,
    pub amount: i32,
}

impl Fighter {
    pub fn is_up(&self) -> bool {
        self.standing == Standing::Up
    }

    pub fn is_enemy(&self) -> bool {
        matches!(self.role, Role::Enemy(_))
    }

    /// As a character; absent for enemies.
    pub fn played(&self) -> Option<&Played> {
        match &self.role {
            Role::Character(played) => Some(played),
            Role::Enemy(_) => None,
        }
    }

    pub fn played_mut(&mut self) -> Option<&mut Played> {
        match &mut self.role {
            Role::Character(played) => Some(played),
            Role::Enemy(_) => None,
        }
    }

    /// Whether somebody plays it right now.
    pub fn is_present(&self) -> bool {
        self.played().is_some_and(|played| played.absent_since_ms.is_none())
    }

    pub fn figures(&self) -> Figures {
        let slowed = self.amount_of(EffectKind::Frost);
        Figures::of(&self.stats, self.attack_bonus, self.defense_bonus, slowed)
    }

    pub fn is_under(&self, kind: EffectKind) -> bool {
        self.effects.iter().any(|active| active.kind == kind)
    }

    fn amount_of(&self, kind: EffectKind) -> i32 {
        self.effects.iter().find(|active| active.kind == kind).map_or(0, |active| active.amount)
    }

    /// What its blows have of its attack, in hundredths of a percent.
    pub fn strength(&self) -> i64 {
        let weakened = if self.is_under(EffectKind::Weakness) { 75 } else { 100 };
        let strengthened = if self.is_under(EffectKind::Strength) { 125 } else { 100 };
        weakened * strengthened
    }

    /// What counts of its defence, in percent.
    pub fn defense_percent(&self) -> i64 {
        if self.is_under(EffectKind::Defense) { 125 } else { 100 }
    }

    /// What hits it does, in percent.
    pub fn exposed_percent(&self) -> i64 {
        if self.is_under(EffectKind::Mark) { 125 } else { 100 }
    }

    pub fn dodges(&self) -> bool {
        self.stance == Stance::Dodging || self.is_under(EffectKind::Evasion)
    }

    /// Health in thousandths of what it could be.
    pub fn health_share(&self) -> i64 {
        i64::from(self.resources.health) * 1_000 / i64::from(self.resources.max_health.max(1))
    }

    /// Puts it under an effect; one that it is under already is not doubled, but lasts as long as the longer of the two.
    pub fn put_under(&mut self, effect: AbilityEffect) {
        let AbilityEffect { kind, rounds, amount } = effect;
        match self.effects.iter_mut().find(|active| active.kind == kind) {
            Some(active) => {
                active.rounds = active.rounds.max(rounds);
                active.amount = active.amount.max(amount);
            }
            None => self.effects.push(Active { kind, rounds, amount }),
        }
    }

    /// Takes health; answers how much there was to take. At 0 it is down.
    pub fn hurt(&mut self, damage: i64) -> i32 {
        let health = self.resources.health;
        let lost = i32::try_from(damage.clamp(0, i64::from(health))).unwrap_or(health);
        self.resources.health -= lost;
        if self.resources.health == 0 {
            self.standing = Standing::Down;
            self.stance = Stance::Open;
            self.effects.clear();
        }
        lost
    }

    /// Gives health; answers how much there was room for.
    pub fn heal(&mut self, amount: i64) -> i32 {
        let room = self.resources.max_health - self.resources.health;
        let gained = i32::try_from(amount.clamp(0, i64::from(room))).unwrap_or(room);
        self.resources.health += gained;
        gained
    }

    pub fn regain_stamina(&mut self, amount: i32) {
        let Resources { stamina, max_stamina, .. } = self.resources;
        self.resources.stamina = stamina.saturating_add(amount).min(max_stamina);
    }

    pub fn regain_mana(&mut self, amount: i32) {
        let Resources { mana, max_mana, .. } = self.resources;
        self.resources.mana = mana.saturating_add(amount).min(max_mana);
    }

    /// Whether it can pay; what costs health must leave some.
    pub fn can_pay(&self, cost: &Amounts) -> Result<(), Lack> {
        let Resources { health, stamina, mana, .. } = self.resources;
        let lack = |resource, needed, available| Err(Lack { resource, needed, available });
        if cost.stamina > stamina {
            lack("stamina", cost.stamina, stamina)
        } else if cost.mana > mana {
            lack("mana", cost.mana, mana)
        } else if cost.health > 0 && cost.health >= health {
            lack("health", cost.health + 1, health)
        } else {
            Ok(())
        }
    }

    /// Takes stamina and mana that [`Self::can_pay`] has found; health is lost in its own way.
    pub fn pay(&mut self, cost: &Amounts) {
        self.resources.stamina -= cost.stamina;
        self.resources.mana -= cost.mana;
    }

    /// Its turn begins: its guard is down, its breath comes back, what it is under has one turn less to go.
    pub fn begin_turn(&mut self) {
        self.stance = Stance::Open;
        self.regain_stamina(STAMINA_REGAINED);
        for active in &mut self.effects {
            active.rounds -= 1;
        }
        self.cooldowns.retain(|_, rounds| {
            *rounds -= 1;
            *rounds > 0
        });
    }

    /// Its turn ends, and with it what lasted until now.
    pub fn end_turn(&mut self) {
        self.effects.retain(|active| active.rounds > 0);
    }

    /// Health that it loses (or, below 0, gains) at the beginning of its turn, by what it is under.
    pub fn ticking(&self) -> Vec<(EffectKind, i64)> {
        let ticks = self.effects.iter().filter_map(|active| match active.kind {
            EffectKind::Bleed | EffectKind::Poison | EffectKind::Burn => {
                Some((active.kind, i64::from(active.amount)))
            }
            EffectKind::Regeneration => Some((active.kind, -i64::from(active.amount))),
            _ => None,
        });
        ticks.collect()
    }

    /// Uses one of its supplies up.
    pub fn use_up(&mut self, index: usize) {
        let Some(played) = self.played_mut() else { return };
        let Some(supply) = played.supplies.get_mut(index) else { return };
        supply.quantity -= 1;
        let one = Supply { quantity: 1, ..supply.clone() };
        if supply.quantity == 0 {
            played.supplies.remove(index);
        }
        let same = |used: &&mut Supply| (&used.item_id, &used.kind) == (&one.item_id, &one.kind);
        match played.used.iter_mut().find(same) {
            Some(used) => used.quantity += 1,
            None => played.used.push(one),
        }
    }

    pub fn participant(&self) -> Participant {
        let Resources { health, max_health, stamina, max_stamina, mana, max_mana } = self.resources;
        Participant {
            character_id: self.id,
            name: self.name.clone(),
            level: self.level,
            health,
            max_health,
            stamina,
            max_stamina,
            mana,
            max_mana,
            is_enemy: self.is_enemy(),
            rank: match &self.role {
                Role::Enemy(brain) => brain.rank,
                Role::Character(_) => None,
            },
            side: self.side,
            standing: self.standing,
            effects: self.effects.iter().map(|active| active.kind.as_str().to_owned()).collect(),
            effect_turns: self
                .effects
                .iter()
                .map(|active| (active.kind.as_str().to_owned(), active.rounds))
                .collect(),
            cooldowns: self.cooldowns.clone(),
        }
    }
}

/// What somebody lacks to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lack {
    pub resource: &'static str,
    pub needed: i32,
    pub available: i32,
}
