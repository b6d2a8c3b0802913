//! Checks what a fighter wants to do, before anything is done.

use protocol::combat::{Act, ActionType, Side, Targets};
use protocol::{CharacterId, ErrorCode};

use crate::Refusal;
use crate::combat::course::Course;
use crate::combat::fighter::{Fighter, Lack, Stance};
use crate::combat::figures::{Blow, HEAVY, LIGHT};
use crate::content::{Ability, Amounts, Content};
use crate::names::fold;

/// What guards cost.
const BLOCK_STAMINA: i32 = 10;
const DODGE_STAMINA: i32 = 20;
const PARRY_STAMINA: i32 = 25;

/// A move that can be made: nothing of it can fail any more but by the dice. Fighters are named by their places in the
/// course's list.
#[derive(Debug, Clone, Copy)]
pub enum Plan<'a> {
    Strike {
        blow: &'static Blow,
        target: usize,
    },
    Guard {
        stance: Stance,
    },
    Cast {
        ability: &'a Ability,
        target: Option<usize>,
    },
    UseUp {
        supply: usize,
        target: usize,
    },
    Flee,
    /// Nothing.
    Wait,
}

/// A way to ward off.
pub struct Guard {
    pub name: &'static str,
    pub stance: Stance,
    pub stamina: i32,
}

/// Warding off nothing, for who has to get his breath back: every guard costs as much as a turn brings.
const RESTING: Guard = Guard { name: "rest", stance: Stance::Open, stamina: 0 };

impl Guard {
    /// The one that raises this stance.
    pub fn of(stance: Stance) -> &'static Self {
        GUARDS.iter().find(|guard| guard.stance == stance).unwrap_or(&RESTING)
    }
}

/// The ways to ward off, the first one for who does not say.
pub const GUARDS: [Guard; 3] = [
    Guard { name: "block", stance: Stance::Blocking, stamina: BLOCK_STAMINA },
    Guard { name: "dodge", stance: Stance::Dodging, stamina: DODGE_STAMINA },
    Guard { name: "parry", stance: Stance::Parrying, stamina: PARRY_STAMINA },
];

const BLOWS: [&Blow; 2] = [&LIGHT, &HEAVY];

/// Makes a plan of what a client asks for; whoever asks is up, and it is his turn.
///
/// # Errors
/// A refusal with a stable code; see the functions below.
pub fn plan<'a>(course: &Course, content: &'a Content, who: usize, act: &Act) -> Result<Plan<'a>, Refusal> {
    let fighter = &course.fighters[who];
    let manner = act.ability_name.as_deref();
    match act.action_type {
        ActionType::Attack => {
            let blow = choose("attack", &BLOWS, |blow| blow.name, manner)?;
            affordable(fighter, &Amounts { stamina: blow.stamina, ..Amounts::default() })?;
            Ok(Plan::Strike { blow, target: foe(course, who, act.target_id)? })
        }
        ActionType::Defend => {
            let guards: Vec<&Guard> = GUARDS.iter().chain([&RESTING]).collect();
            let guard = choose("defend", &guards, |guard| guard.name, manner)?;
            affordable(fighter, &Amounts { stamina: guard.stamina, ..Amounts::default() })?;
            Ok(Plan::Guard { stance: guard.stance })
        }
        ActionType::Spell => {
            let ability = own_ability(content, fighter, manner)?;
            rested(fighter, ability)?;
            affordable(fighter, &ability.cost)?;
            let target = match ability.targets {
                Targets::One => Some(foe(course, who, act.target_id)?),
                Targets::Ally => Some(friend(course, who, act.target_id)?),
                Targets::Oneself | Targets::All => None,
            };
            Ok(Plan::Cast { ability, target })
        }
        ActionType::Item => {
            let supply = own_supply(fighter, act)?;
            useful(content, fighter, supply, act)?;
            Ok(Plan::UseUp { supply, target: friend(course, who, act.target_id)? })
        }
        ActionType::Flee => Ok(Plan::Flee),
    }
}

/// `INVALID` with the ways there are.
fn choose<'a, T>(
    what: &str,
    ways: &[&'a T],
    name: impl Fn(&T) -> &'static str,
    wanted: Option<&str>,
) -> Result<&'a T, Refusal> {
    let Some(wanted) = wanted else { return Ok(ways[0]) };
    let found = ways.iter().find(|way| name(way) == wanted);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = ways.iter().map(|way| name(way)).collect();
        Refusal::invalid("ability_name", format!("with {what} expected one of {}", names.join(", ")))
            .with("possible", names)
    })
}

/// `NOT_ENOUGH` with the resource.
fn affordable(fighter: &Fighter, cost: &Amounts) -> Result<(), Refusal> {
    fighter.can_pay(cost).map_err(|Lack { resource, needed, available }| {
        let reason = format!("it needs {needed} {resource}: there is {available}");
        Refusal::new(ErrorCode::NotEnough, reason)
            .with("resource", resource)
            .with("needed", needed)
            .with("available", available)
    })
}

/// `INVALID`: unknown, or of another class.
fn own_ability<'a>(
    content: &'a Content,
    fighter: &Fighter,
    name: Option<&str>,
) -> Result<&'a Ability, Refusal> {
    let class = fighter.played().map(|played| played.class.as_str());
    let own: Vec<&Ability> = class.map_or_else(Vec::new, |class| content.abilities_of(class).collect());
    let key = name.map(fold);
    own.iter().copied().find(|ability| Some(fold(&ability.name)) == key).ok_or_else(|| {
        let names: Vec<&str> = own.iter().map(|ability| ability.name.as_str()).collect();
        Refusal::invalid("ability_name", format!("with spell expected one of {}", names.join(", ")))
            .with("possible", names)
    })
}

/// `ON_COOLDOWN` with the turns to go.
fn rested(fighter: &Fighter, ability: &Ability) -> Result<(), Refusal> {
    match fighter.cooldowns.get(&ability.name) {
        Some(rounds) => {
            let reason = format!("{} can be used again in {rounds} of your turns", ability.name);
            Err(Refusal::new(ErrorCode::OnCooldown, reason).with("rounds", *rounds))
        }
        None => Ok(()),
    }
}

/// `INVALID` without a name, `NOT_FOUND` when it is none of his.
fn own_supply(fighter: &Fighter, act: &Act) -> Result<usize, Refusal> {
    let supplies = fighter.played().map_or(&[][..], |played| &played.supplies);
    if act.item_id.is_none() && act.item_kind.is_none() {
        return Err(Refusal::invalid("item_id", "say which item, by item_id or item_kind"));
    }
    let is_it = |supply: &&crate::combat::fighter::Supply| match (act.item_id, act.item_kind.as_deref()) {
        (Some(id), kind) => supply.item_id == Some(id) && kind.is_none_or(|kind| supply.kind == kind),
        (None, kind) => Some(supply.kind.as_str()) == kind,
    };
    supplies.iter().position(|supply| is_it(&supply)).ok_or_else(|| {
        let field = if act.item_id.is_some() { "item_id" } else { "item_kind" };
        Refusal::new(ErrorCode::NotFound, "you have no such item with you").with("field", field)
    })
}

/// `INVALID`: it restores nothing.
fn useful(content: &Content, fighter: &Fighter, supply: usize, act: &Act) -> Result<(), Refusal> {
    let kind = fighter.played().map_or("", |played| played.supplies[supply].kind.as_str());
    let restores = content.item(kind).map(|item| item.restores).unwrap_or_default();
    if restores == Amounts::default() {
        let field = if act.item_id.is_some() { "item_id" } else { "item_kind" };
        return Err(Refusal::invalid(field, format!("{kind:?} is of no use in a fight")));
    }
    Ok(())
}

/// Somebody of the other side who is up; the only one if there is no choice.
fn foe(course: &Course, who: usize, wanted: Option<CharacterId>) -> Result<usize, Refusal> {
    let other = other_side(course.fighters[who].side);
    if let Some(wanted) = wanted {
        return course.up_on(other).find(|index| course.fighters[*index].id == wanted).ok_or_else(|| {
            Refusal::invalid("target_id", "expected somebody of the other side who is on their feet")
        });
    }
    let mut foes = course.up_on(other);
    match (foes.next(), foes.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(Refusal::invalid("target_id", "say whom: there is more than one")),
    }
}

/// Somebody of one's own side who is up; oneself if nobody is named.
fn friend(course: &Course, who: usize, wanted: Option<CharacterId>) -> Result<usize, Refusal> {
    let Some(wanted) = wanted else { return Ok(who) };
    let side = course.fighters[who].side;
    course.up_on(side).find(|index| course.fighters[*index].id == wanted).ok_or_else(|| {
        Refusal::invalid("target_id", "expected somebody of your own side who is on their feet")
    })
}

pub fn other_side(side: Side) -> Side {
    match side {
        Side::First => Side::Second,
        Side::Second => Side::First,
    }
}
