//! What moves do: blows, guards, potions, flight. Whatever can be refused was refused before.

use protocol::combat::{ActionResult, ActionType, CombatAction, CombatDamage, CombatHeal, Outcome, Standing};
use protocol::ids::ItemId;
use protocol::{CharacterId, ServerMessage};

use crate::combat::Combat;
use crate::combat::fighter::{Fighter, Stance};
use crate::combat::figures::{Blow, WOUND, chance, through};
use crate::combat::plan::{Guard, Plan};
use crate::content::{AbilityEffect, EffectKind};
use crate::venue::Moment;

/// How often somebody gets away from an equal, in percent, and what a point of initiative more or less makes of it.
const FLEE_PERCENT: i64 = 50;
const FLEE_PERCENT_A_POINT: i64 = 5;
const FLEE_MIN_MAX: (i64, i64) = (10, 95);

/// Who hears of a move in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Teller {
    /// It answers his command; the others hear of it.
    Actor,
    /// Everybody hears of it.
    Nobody,
}

/// What came of a move, besides what it changed.
pub(super) struct Deed {
    pub action_type: ActionType,
    pub target_id: Option<CharacterId>,
    pub name: Option<String>,
    pub item: Option<(Option<ItemId>, String)>,
    pub result: ActionResult,
    /// What everybody is told after the move itself.
    pub consequences: Vec<ServerMessage>,
    /// For the log.
    pub sentence: String,
}

impl Deed {
    pub(super) fn new(action_type: ActionType, result: ActionResult, sentence: String) -> Self {
        let consequences = Vec::new();
        Self { action_type, target_id: None, name: None, item: None, result, consequences, sentence }
    }
}

impl Combat {
    pub(super) fn make_move(&mut self, who: usize, plan: Plan, teller: Teller, moment: &mut Moment) {
        let deed = match plan {
            Plan::Strike { blow, target } => self.strike(who, blow, target, moment),
            Plan::Guard { stance } => self.guard(who, stance),
            Plan::Cast { ability, target } => self.cast(who, ability, target, moment),
            Plan::UseUp { supply, target } => self.use_up(who, supply, target),
            Plan::Flee => self.flee(who, moment),
            Plan::Wait => {
                let sentence = format!("{} does nothing.", self.course.fighters[who].name);
                Deed::new(ActionType::Defend, ActionResult::Idle, sentence)
            }
        };
        self.tell_deed(who, deed, teller, moment);
    }

    pub(super) fn tell_deed(&mut self, who: usize, deed: Deed, teller: Teller, moment: &mut Moment) {
        let actor = self.course.fighters[who].id;
        let (item_id, item_kind) = deed.item.map_or((None, None), |(id, kind)| (id, Some(kind)));
        let action = ServerMessage::CombatAction(CombatAction {
            combat_id: self.course.id.to_string(),
            character_id: actor,
            action_type: deed.action_type,
            target_id: deed.target_id,
            ability_name: deed.name,
            item_id,
            item_kind,
            result: deed.result,
        });
        match teller {
            Teller::Actor => {
                moment.answer(action.clone());
                moment.tell(self.those_in_it(Some(actor)), action);
            }
            Teller::Nobody => moment.tell(self.those_in_it(None), action),
        }
        self.course.note(deed.sentence);
        self.tell_consequences(deed.consequences, moment);
        if self.course.fighters[who].standing == Standing::Fled {
            let beaten = self.course.fighters[who].resources.health == 0;
            self.release(who, if beaten { Outcome::Lost } else { Outcome::Fled }, moment);
        }
    }

    /// Whoever is down does not have to wait for the end of it; then he has no share in it.
    pub(super) fn give_up(&mut self, who: usize, moment: &mut Moment) {
        let fighter = &mut self.course.fighters[who];
        fighter.standing = Standing::Fled;
        let sentence = format!("{} is carried away.", fighter.name);
        self.tell_deed(who, Deed::new(ActionType::Flee, ActionResult::Done, sentence), Teller::Actor, moment);
    }

    /// Tells everybody of wounds and healing, and notes who is down by them.
    pub(super) fn tell_consequences(&mut self, told: Vec<ServerMessage>, moment: &mut Moment) {
        for message in told {
            if let ServerMessage::CombatDamage(CombatDamage { target_id, health: 0, .. }) = &message
                && let Some(place) = self.course.place_of(*target_id)
            {
                let sentence = format!("{} is down.", self.course.fighters[place].name);
                self.course.note(sentence);
            }
            moment.tell(self.those_in_it(None), message);
        }
    }

    fn strike(&mut self, who: usize, blow: &Blow, target: usize, moment: &mut Moment) -> Deed {
        self.course.fighters[who].resources.stamina -= blow.stamina;
        let (striker, struck) = (&self.course.fighters[who], &self.course.fighters[target]);
        let names = format!("{} strikes at {}", striker.name, struck.name);
        let (own, theirs) = (striker.figures(), struck.figures());
        let mut deed = Deed::new(ActionType::Attack, ActionResult::Missed, format!("{names} and misses."));
        deed.target_id = Some(struck.id);
        deed.name = Some(blow.name.to_owned());
        if struck.dodges() && chance(theirs.dodge_percent(), moment.dice) {
            deed.result = ActionResult::Dodged;
            deed.sentence = format!("{names}, who dodges.");
        } else if struck.stance == Stance::Parrying && chance(theirs.parry_percent(), moment.dice) {
            deed.result = ActionResult::Parried;
            // Half of what the striker put into it, turned against himself.
            let lost = self.wound(Some(target), who, own.attack / 2, false, &mut deed.consequences);
            deed.sentence = format!("{names}, who parries: {lost} damage in return.");
        } else if chance(own.hit_percent(blow, theirs.evasion), moment.dice) {
            let critical = chance(own.critical_percent + blow.critical_percent, moment.dice);
            let blocked = struck.stance == Stance::Blocking;
            let damage = own.damage(blow, striker.strength(), critical);
            let lost = self.wound(Some(who), target, damage, critical, &mut deed.consequences);
            deed.result = match (critical, blocked) {
                (true, _) => ActionResult::Critical,
                (false, true) => ActionResult::Blocked,
                (false, false) => ActionResult::Hit,
            };
            deed.sentence = format!("{names}: {lost} damage.");
            let bleeds = chance(i64::from(blow.bleed_percent), moment.dice);
            let struck = &mut self.course.fighters[target];
            if bleeds && struck.is_up() {
                let (rounds, amount) = WOUND;
                struck.put_under(AbilityEffect { kind: EffectKind::Bleed, rounds, amount });
            }
        }
        deed
    }

    fn guard(&mut self, who: usize, stance: Stance) -> Deed {
        let fighter = &mut self.course.fighters[who];
        let Guard { name, stamina, .. } = Guard::of(stance);
        fighter.stance = stance;
        fighter.resources.stamina -= stamina;
        let sentence = match stance {
            Stance::Open => format!("{} gathers breath.", fighter.name),
            _ => format!("{} is ready to {name}.", fighter.name),
        };
        let mut deed = Deed::new(ActionType::Defend, ActionResult::Done, sentence);
        deed.name = Some((*name).to_owned());
        deed
    }

    fn use_up(&mut self, who: usize, supply: usize, target: usize) -> Deed {
        let supplies = self.course.fighters[who].played().map_or(&[][..], |played| &played.supplies);
        let (item_id, kind) = (supplies[supply].item_id, supplies[supply].kind.clone());
        let item = self.content.item(&kind);
        let name = item.map_or_else(|| kind.clone(), |item| item.name.clone());
        let restores = item.map(|item| item.restores).unwrap_or_default();
        self.course.fighters[who].use_up(supply);
        let sentence = match target == who {
            true => format!("{} uses {name}.", self.course.fighters[who].name),
            false => {
                let (by, on) = (&self.course.fighters[who].name, &self.course.fighters[target].name);
                format!("{by} uses {name} on {on}.")
            }
        };
        let mut deed = Deed::new(ActionType::Item, ActionResult::Done, sentence);
        deed.target_id = Some(self.course.fighters[target].id);
        deed.item = Some((item_id, kind));
        let restored = &mut self.course.fighters[target];
        restored.regain_stamina(restores.stamina);
        restored.regain_mana(restores.mana);
        self.heal(Some(who), target, i64::from(restores.health), &mut deed.consequences);
        deed
    }

    fn flee(&mut self, who: usize, moment: &mut Moment) -> Deed {
        let own = self.course.fighters[who].figures().initiative;
        let foes = self.course.foes_up(who).map(|foe| self.course.fighters[foe].figures().initiative);
        let quickest = foes.max().unwrap_or(0);
        let (least, most) = FLEE_MIN_MAX;
        let percent = (FLEE_PERCENT + FLEE_PERCENT_A_POINT * (own - quickest)).clamp(least, most);
        let fighter = &mut self.course.fighters[who];
        if chance(percent, moment.dice) {
            fighter.standing = Standing::Fled;
            fighter.stance = Stance::Open;
            fighter.effects.clear();
            Deed::new(ActionType::Flee, ActionResult::Done, format!("{} gets away.", fighter.name))
        } else {
            Deed::new(ActionType::Flee, ActionResult::Failed, format!("{} can't get away.", fighter.name))
        }
    }

    /// What damage somebody takes who is hit; answers how much health it cost.
    pub(super) fn wound(
        &mut self,
        by: Option<usize>,
        target: usize,
        damage: i64,
        critical: bool,
        told: &mut Vec<ServerMessage>,
    ) -> i32 {
        let struck = &self.course.fighters[target];
        let blocking = struck.stance == Stance::Blocking;
        let (defense, percent) = (struck.figures().defense, struck.defense_percent());
        let through = through(damage, defense, percent, blocking, struck.exposed_percent());
        self.lose(by, target, through, critical, told)
    }

    /// Health that is lost whatever one wears.
    pub(super) fn lose(
        &mut self,
        by: Option<usize>,
        target: usize,
        damage: i64,
        critical: bool,
        told: &mut Vec<ServerMessage>,
    ) -> i32 {
        let amount = self.course.fighters[target].hurt(damage);
        if let Some(by) = by.filter(|by| *by != target) {
            self.course.fighters[by].damage_dealt += i64::from(amount);
        }
        let struck = &self.course.fighters[target];
        told.push(ServerMessage::CombatDamage(CombatDamage {
            combat_id: self.course.id.to_string(),
            source_id: by.map(|by| self.course.fighters[by].id),
            target_id: struck.id,
            amount,
            critical,
            health: struck.resources.health,
        }));
        amount
    }

    /// Tells of it only where there was something to heal.
    pub(super) fn heal(
        &mut self,
        by: Option<usize>,
        target: usize,
        amount: i64,
        told: &mut Vec<ServerMessage>,
    ) -> i32 {
        let amount = self.course.fighters[target].heal(amount);
        if amount > 0 {
            let healed: &Fighter = &self.course.fighters[target];
            told.push(ServerMessage::CombatHeal(CombatHeal {
                combat_id: self.course.id.to_string(),
                source_id: by.map(|by| self.course.fighters[by].id),
                target_id: healed.id,
                amount,
                health: healed.resources.health,
            }));
        }
        amount
    }
}
