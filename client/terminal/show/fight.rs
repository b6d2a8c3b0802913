//! Fights as lines of text.

use protocol::combat::{
    ActionResult, ActionType, CombatAction, CombatDamage, CombatEnd, CombatHeal, CombatStart, CombatState,
    Outcome, Participant, Rank, Standing,
};

use crate::terminal::scene::Scene;
use crate::terminal::show::things::counted;

/// Who fights whom, and what can be done about it.
pub fn start(start: &CombatStart, scene: &Scene) -> String {
    let own = start.participants.iter().find(|one| one.character_id == scene.me).map(|one| one.side);
    let (beside, against): (Vec<_>, Vec<_>) =
        start.participants.iter().partition(|one| own.is_none_or(|own| one.side == own));
    let all = |side: Vec<&Participant>| {
        let one = |one: &Participant| {
            let name = if one.character_id == scene.me { "you" } else { &one.name };
            let rank = match one.rank {
                Some(Rank::Boss) => "boss, ",
                Some(Rank::Elite) => "elite, ",
                Some(Rank::Common) | None => "",
            };
            format!("{name} ({rank}level {}, {} health)", one.level, one.health)
        };
        side.into_iter().map(one).collect::<Vec<_>>().join(", ")
    };
    format!(
        "*** A fight: {} against {}. In your turn: /attack, /defend, /cast, /use or /flee",
        all(beside),
        all(against)
    )
}

pub fn action(action: &CombatAction, scene: &Scene) -> String {
    let deed = match action.action_type {
        ActionType::Attack => format!("{} attack", action.ability_name.as_deref().unwrap_or("light")),
        ActionType::Defend => action.ability_name.clone().unwrap_or_else(|| "nothing".to_owned()),
        ActionType::Spell => action.ability_name.clone().unwrap_or_default(),
        ActionType::Item => action.item_kind.clone().unwrap_or_default(),
        ActionType::Flee => "flee".to_owned(),
    };
    let target = action.target_id.map_or_else(String::new, |target| format!(" on {}", scene.name(target)));
    let result = match action.result {
        ActionResult::Done | ActionResult::Idle => "",
        ActionResult::Hit => ", hit",
        ActionResult::Critical => ", critical hit",
        ActionResult::Blocked => ", mostly blocked",
        ActionResult::Missed => ", missed",
        ActionResult::Dodged => ", dodged",
        ActionResult::Parried => ", parried",
        ActionResult::Failed => ", failed",
    };
    format!("-- {}: {deed}{target}{result}", scene.name(action.character_id))
}

pub fn damage(damage: &CombatDamage, scene: &Scene) -> String {
    let loses = if damage.target_id == scene.me { "lose" } else { "loses" };
    let left = match damage.health {
        0 => "down".to_owned(),
        health => format!("{health} left"),
    };
    format!("-- {} {loses} {} health: {left}", scene.name(damage.target_id), damage.amount)
}

pub fn heal(heal: &CombatHeal, scene: &Scene) -> String {
    let regains = if heal.target_id == scene.me { "regain" } else { "regains" };
    format!("-- {} {regains} {} health: {} now", scene.name(heal.target_id), heal.amount, heal.health)
}

/// Whose turn it is and how everybody stands. Of one that is over for oneself, its end tells.
pub fn state(state: &CombatState, scene: &Scene) -> Option<String> {
    if !scene.fights_on(state) {
        return None;
    }
    let active = state.participants.iter().find(|one| one.character_id == state.active_character_id);
    let turn = match active {
        Some(active) if active.character_id == scene.me => {
            let secs = state.turn_ends_in_ms.unwrap_or_default().div_ceil(1_000);
            format!("your turn ({secs} s)")
        }
        Some(active) => format!("{}'s turn", active.name),
        None => "nobody's turn".to_owned(),
    };
    let all = state.participants.iter().map(|one| standing(one, scene)).collect::<Vec<_>>();
    Some(format!("-- {turn}: {}", all.join("; ")))
}

/// An effect, and for how many turns more.
fn lasting(effect: &str, one: &Participant) -> String {
    one.effect_turns.get(effect).map_or_else(|| effect.to_owned(), |turns| format!("{effect} {turns}"))
}

fn standing(one: &Participant, scene: &Scene) -> String {
    let own = one.character_id == scene.me;
    let name = if own { "you" } else { &one.name };
    match one.standing {
        Standing::Down if own => return "you down (/flee leaves the fight)".to_owned(),
        Standing::Down => return format!("{name} down"),
        Standing::Fled => return format!("{name} gone"),
        Standing::Up => {}
    }
    let breath = match own {
        true => format!(", {}/{} stamina, {}/{} mana", one.stamina, one.max_stamina, one.mana, one.max_mana),
        false => String::new(),
    };
    let under = match one.effects.is_empty() {
        true => String::new(),
        false => format!(
            " ({})",
            one.effects.iter().map(|effect| lasting(effect, one)).collect::<Vec<_>>().join(", ")
        ),
    };
    let again =
        one.cooldowns.iter().filter(|_| own).map(|(ability, turns)| format!(", {ability} again in {turns}"));
    let again: String = again.collect();
    format!("{name} {}/{} health{breath}{again}{under}", one.health, one.max_health)
}

pub fn end(end: &CombatEnd) -> String {
    let outcome = match end.outcome {
        Outcome::Won => "You have won",
        Outcome::Lost => "You have lost",
        Outcome::Fled => "You got away",
        Outcome::Ended => "Nobody has won",
    };
    let mut brought = Vec::new();
    if end.experience > 0 || end.souls > 0 {
        brought.push(format!("{} experience, {} souls", end.experience, end.souls));
    }
    if !end.loot.is_empty() {
        brought.push(format!("found {}", counted(&end.loot)));
    }
    match brought.is_empty() {
        true => format!("*** The fight is over. {outcome}"),
        false => format!("*** The fight is over. {outcome}: {}", brought.join("; ")),
    }
}
