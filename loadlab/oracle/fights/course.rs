//! One fight as one fighter is told of it, event by event; and what several were told, side by side.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use protocol::CharacterId;
use protocol::combat::{
    ActionResult, ActionType, CombatAction, CombatEnd, CombatStart, CombatState, Outcome,
};

use super::{Fight, Told};

type Fault = (&'static str, String);

/// What one fighter was told.
#[derive(Debug, Default)]
pub(super) struct Track {
    health: BTreeMap<CharacterId, i32>,
    /// Whose turn it is; 0: nobody's.
    active: i64,
    turn: u32,
    /// Whether it knows how all stand.
    knows: bool,
    /// What it was told, in parts between which something may be missing.
    parts: Vec<Vec<u64>>,
    /// It was told the beginning, and nothing is missing since.
    is_whole: bool,
    /// What it had asked for when it was interrupted may have been done: asked again, it is told of it again.
    may_hear_again: bool,
    pub(super) end: Option<CombatEnd>,
}

impl Track {
    pub(super) fn interrupted(&mut self) {
        if self.end.is_none() {
            (self.knows, self.is_whole, self.may_hear_again) = (false, false, true);
            self.parts.push(Vec::new());
        }
    }

    pub(super) fn knows_all_health(&self) -> bool {
        self.knows
    }

    fn fled(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.outcome == Outcome::Fled)
    }

    fn note(&mut self, told: &impl std::fmt::Debug) {
        let mut hasher = DefaultHasher::new();
        format!("{told:?}").hash(&mut hasher);
        if self.parts.is_empty() {
            self.parts.push(Vec::new());
        }
        self.parts.last_mut().expect("there is one").push(hasher.finish());
    }

    /// Somebody's health is another.
    fn changed(&mut self, who: CharacterId, by: i32, now: i32) -> Option<Fault> {
        let before = self.health.insert(who, now)?;
        (self.knows && before + by != now)
            .then(|| ("out of order", format!("{who} had {before} health, {by:+}, and has {now}")))
    }

    pub(super) fn health_of(&self, who: CharacterId) -> Option<i32> {
        self.health.get(&who).copied()
    }
}

impl Fight {
    /// Takes what a fighter is told; answers what is wrong with it. `missed`: it missed something in this run.
    pub(super) fn told(&mut self, bot: usize, told: Told, missed: bool) -> Vec<Fault> {
        let known = self.tracks.contains_key(&bot);
        let track = self.tracks.entry(bot).or_default();
        if let Some(end) = &track.end {
            return match told {
                // The server did not know whether it had heard it before the kill.
                Told::End(again) if missed && again == end => Vec::new(),
                Told::End(_) => vec![("ended twice", "it is told the end again".to_owned())],
                _ if missed => Vec::new(),
                _ => vec![("after the end", format!("{told:?}"))],
            };
        }
        let mut faults = Vec::new();
        // A challenge that comes to nothing ends for those who took it up, and never began.
        let came_to_nothing = matches!(told, Told::End(end) if end.outcome == Outcome::Ended);
        if !known && !missed && !came_to_nothing && !matches!(told, Told::Start(_)) {
            faults.push(("no beginning", format!("the first it is told is {told:?}")));
        }
        match told {
            Told::Start(start) => faults.extend(self.start(bot, start, known && !missed)),
            Told::Action(action) => faults.extend(self.action(bot, action)),
            Told::Damage(damage) => {
                track.note(damage);
                faults.extend(track.changed(damage.target_id, -damage.amount, damage.health));
            }
            Told::Heal(heal) => {
                track.note(heal);
                faults.extend(track.changed(heal.target_id, heal.amount, heal.health));
            }
            Told::State(state) => faults.extend(self.state(bot, state)),
            Told::End(end) => {
                if end.outcome == Outcome::Won && track.knows && track.active != 0 {
                    faults.push(("out of order", "it is won while somebody has a turn".to_owned()));
                }
                track.end = Some(end.clone());
            }
        }
        faults
    }

    fn start(&mut self, bot: usize, start: &CombatStart, again: bool) -> Option<Fault> {
        let enemies: BTreeMap<CharacterId, i32> = start
            .participants
            .iter()
            .filter(|one| one.is_enemy)
            .map(|one| (one.character_id, one.level))
            .collect();
        let first = self.characters.is_empty();
        let characters =
            start.participants.iter().filter(|one| !one.is_enemy).map(|one| one.character_id).collect();
        if first {
            (self.enemies, self.characters) = (enemies, characters);
        } else if (&self.enemies, &self.characters) != (&enemies, &characters) {
            return Some(("told in two ways", format!("between {characters:?} and {enemies:?}")));
        }
        if again {
            return Some(("begun twice", "it is told the beginning again".to_owned()));
        }
        let track = self.tracks.get_mut(&bot)?;
        if track.parts.is_empty() {
            track.is_whole = true;
            track.knows = true;
            track.health = start.participants.iter().map(|one| (one.character_id, one.health)).collect();
        }
        None
    }

    fn action(&mut self, bot: usize, action: &CombatAction) -> Option<Fault> {
        let track = self.tracks.get_mut(&bot)?;
        track.note(action);
        if !track.knows {
            return None;
        }
        let who = action.character_id;
        // A turn of somebody who is stunned passes, and who is down may be carried away: nobody waits for either.
        let is_down = track.health.get(&who).is_some_and(|health| *health == 0);
        if action.result == ActionResult::Idle && track.active != who.0
            || is_down && action.action_type == ActionType::Flee
        {
            return None;
        }
        let is_its_turn = if who.0 < 0 { track.active == 0 } else { track.active == who.0 };
        if !is_its_turn && std::mem::take(&mut track.may_hear_again) {
            return None;
        }
        let whose = std::mem::take(&mut track.active);
        (!is_its_turn).then(|| ("out of turn", format!("{who} acts, and it is the turn of {whose}")))
    }

    fn state(&mut self, bot: usize, state: &CombatState) -> Vec<Fault> {
        let mut faults = Vec::new();
        let Some(track) = self.tracks.get_mut(&bot) else { return faults };
        let health = state.participants.iter().map(|one| (one.character_id, one.health)).collect();
        if track.knows && track.health != health {
            faults.push(("out of order", format!("all had {:?}, and have {health:?}", track.health)));
        }
        if state.turn_number < track.turn {
            faults.push(("turns go back", format!("from {} to {}", track.turn, state.turn_number)));
        }
        (track.health, track.knows, track.turn) = (health, true, state.turn_number);
        track.active = state.active_character_id.0;
        if !state.is_finished && track.active != 0 {
            let active = state.active_character_id;
            let before = *self.turns.entry(state.turn_number).or_insert(active);
            if before != active {
                let turn = state.turn_number;
                faults.push(("told in two ways", format!("turn {turn} is of {before} and of {active}")));
            }
        }
        faults
    }

    /// What all were told, side by side; answers how many could be compared.
    pub(super) fn compare(&self) -> Result<u64, String> {
        let whole = self.tracks.iter().filter(|(_, track)| track.is_whole);
        let longest = whole.max_by_key(|(_, track)| (!track.fled(), track.parts.first().map(Vec::len)));
        let Some((witness, longest)) = longest else { return Ok(0) };
        let none = Vec::new();
        let course = longest.parts.first().unwrap_or(&none);
        let mut compared = 0;
        for (bot, track) in self.tracks.iter().filter(|(bot, _)| *bot != witness) {
            let is_same = match track.is_whole {
                // Whoever got away is told no more; all others to the end.
                true if track.fled() || track.end.is_none() => {
                    course.starts_with(track.parts.first().unwrap_or(&none))
                }
                true => longest.end.is_none() || track.parts.first().unwrap_or(&none) == course,
                // What the witness was not there for can't be compared.
                false if longest.fled() || longest.end.is_none() => continue,
                false => track.parts.iter().all(|part| {
                    part.is_empty() || course.windows(part.len()).any(|window| window == part.as_slice())
                }),
            };
            if !is_same {
                return Err(format!("bots {witness} and {bot} were told differently"));
            }
            compared += 1;
        }
        Ok(compared)
    }
}
