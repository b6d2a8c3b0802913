//! Combat: two sides that take turns until one of them is down or gone.
//!
//! It has what its fighters brought in its own hands until it lets them go: each leaves with one [`Aftermath`], which
//! says what became of him, and which is all that his sheet ever hears of it.

mod aftermath;
mod behaviour;
mod course;
mod ending;
mod fighter;
mod figures;
mod moves;
mod muster;
mod plan;
mod recruit;
mod spells;
#[cfg(test)]
mod tests;
mod turns;

pub use aftermath::Aftermath;
pub use course::{Against, Phase, Prize, Sharing, Terms};
pub use fighter::Supply;
pub use muster::{CombatEntry, Joining, Opening};
pub use recruit::Recruit;

use std::sync::Arc;

use protocol::combat::{Act, ActionType, Standing};
use protocol::ids::CombatId;
use protocol::{CharacterId, ErrorCode, ServerMessage};

use crate::combat::course::Course;
use crate::content::Content;
use crate::venue::{Audience, CombatSave, Effect, Lookers, Member, Moment, News, Save, Venue};
use crate::{Now, Refusal};

/// How much time everybody has, and how many may take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CombatLimits {
    /// For a turn.
    pub turn_ms: u64,
    /// For a turn of somebody who is not there, or has let two turns go by.
    pub idle_turn_ms: u64,
    /// For coming back; who stays away longer is struck down.
    pub absent_ms: u64,
    /// For coming together.
    pub muster_ms: u64,
    /// After so many nobody has won.
    pub rounds_max: u32,
    /// Characters on one side.
    pub side_max: usize,
    /// Characters that it takes at least to challenge the guardian of a crystal shard.
    pub guardian_min: usize,
    /// Of the health that the content gives a guardian.
    pub guardian_health_percent: u32,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Combat {
    content: Arc<Content>,
    limits: CombatLimits,
    course: Course,
    /// Who joined or was let go by the input under way, for the disk.
    joined: Vec<(CharacterId, i64)>,
    released: Vec<Aftermath>,
    /// What is on disk of it says nothing any more, but holds its fighters.
    unreadable: bool,
}

/// What a fighter can ask of a combat.
#[derive(Debug, Clone, PartialEq)]
pub enum CombatCommand {
    Act(Act),
    /// Asks to be told how it stands.
    Look,
}

/// What is shown of a combat elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CombatView {
    pub terms: Option<Terms>,
    pub phase: Phase,
    pub round: u32,
    pub fighters: Vec<(CharacterId, String)>,
}

impl Combat {
    /// Nobody is in it yet; what is not begun in time comes to nothing.
    pub fn new(id: CombatId, content: Arc<Content>, limits: CombatLimits, now: Now) -> Self {
        let mut course = Course::new(id);
        course.deadline_ms = now.mono_ms + limits.muster_ms;
        Self::on(course, content, limits)
    }

    /// As it was when it was last saved. Time stood still meanwhile: whoever is not in `present` has from now on to come
    /// back, and whose turn it is has all of it before him.
    ///
    /// # Errors
    /// When `state` is none of ours.
    pub fn restore(
        state: &str,
        content: Arc<Content>,
        limits: CombatLimits,
        present: &[CharacterId],
        now: Now,
    ) -> Result<Self, serde_json::Error> {
        let mut combat = Self::on(serde_json::from_str(state)?, content, limits);
        for fighter in &mut combat.course.fighters {
            let here = present.contains(&fighter.id);
            if let Some(played) = fighter.played_mut() {
                played.absent_since_ms = (!here).then_some(now.mono_ms);
            }
        }
        combat.set_deadline(now);
        Ok(combat)
    }

    /// One whose state on disk is none of ours: it comes to nothing at once, and lets everybody go as they came.
    pub fn unreadable(id: CombatId, content: Arc<Content>, limits: CombatLimits, now: Now) -> Self {
        let mut combat = Self { unreadable: true, ..Self::new(id, content, limits, now) };
        combat.course.deadline_ms = now.mono_ms;
        combat
    }

    fn on(course: Course, content: Arc<Content>, limits: CombatLimits) -> Self {
        Self { content, limits, course, joined: Vec::new(), released: Vec::new(), unreadable: false }
    }

    /// Whether this character fights in it, or is to.
    pub fn has(&self, who: CharacterId) -> bool {
        self.course.place_of(who).is_some()
    }

    pub fn is_over(&self) -> bool {
        self.course.phase == Phase::Over
    }

    /// Whether nobody fights in it, now or later.
    pub fn is_idle(&self) -> bool {
        self.is_over() || self.course.fighters.is_empty()
    }

    pub fn view(&self) -> CombatView {
        let Course { terms, phase, round, fighters, .. } = &self.course;
        CombatView {
            terms: terms.clone(),
            phase: *phase,
            round: *round,
            fighters: fighters.iter().map(|fighter| (fighter.id, fighter.name.clone())).collect(),
        }
    }

    fn act(&mut self, who: &Member, act: &Act, moment: &mut Moment) -> Result<(), Refusal> {
        let place = self.place_in(who, act)?;
        if !self.course.fighters[place].is_up() {
            return self.act_when_out(place, act, moment);
        }
        self.may_act(place)?;
        let content = self.content.clone();
        let plan = plan::plan(&self.course, &content, place, act)?;
        if let Some(played) = self.course.fighters[place].played_mut() {
            played.turns_missed = 0;
        }
        self.make_move(place, plan, moves::Teller::Actor, moment);
        self.end_turn(place);
        self.take_turns(moment);
        self.keep(moment);
        Ok(())
    }

    /// `NOT_FOUND` for another combat, `CONFLICT` for one that is not under way.
    fn place_in(&self, who: &Member, act: &Act) -> Result<usize, Refusal> {
        if *act.combat_id != self.course.id.to_string() {
            let reason = "you are not in that combat";
            return Err(Refusal::new(ErrorCode::NotFound, reason).with("field", "combat_id"));
        }
        let place = self.course.place_of(who.id).ok_or_else(not_in_it)?;
        match self.course.phase {
            Phase::Mustering => Err(Refusal::new(ErrorCode::Conflict, "the combat has not begun yet")),
            Phase::Over => Err(over()),
            Phase::Fighting => Ok(place),
        }
    }

    /// Who is down can still leave.
    fn act_when_out(&mut self, place: usize, act: &Act, moment: &mut Moment) -> Result<(), Refusal> {
        let down = self.course.fighters[place].standing == Standing::Down;
        if !down || act.action_type != ActionType::Flee {
            let reason =
                if down { "you are down: flee leaves the fight" } else { "you are out of this fight" };
            return Err(Refusal::new(ErrorCode::Conflict, reason));
        }
        self.give_up(place, moment);
        self.keep(moment);
        Ok(())
    }

    fn may_act(&self, place: usize) -> Result<(), Refusal> {
        match self.course.active_place() {
            Some(active) if active == place => Ok(()),
            active => {
                let whose = active.map_or(0, |active| self.course.fighters[active].id.0);
                let reason = "it is not your turn";
                Err(Refusal::new(ErrorCode::NotYourTurn, reason).with("active_character_id", whose))
            }
        }
    }

    /// Somebody who was in it before, with the same session or another one.
    fn come_back(&mut self, place: usize, who: &Member, moment: &mut Moment) {
        if self.course.fighters[place].standing == Standing::Fled || self.is_over() {
            moment.effects.push(Effect::Inform(who.id, News::Fought(self.course.id)));
            return;
        }
        if let Some(played) = self.course.fighters[place].played_mut() {
            played.epoch = who.epoch;
            played.absent_since_ms = None;
            played.turns_missed = 0;
        }
        if self.course.active_place() == Some(place) {
            self.set_deadline(moment.now);
        }
        if self.course.phase == Phase::Fighting {
            moment.effects.push(Effect::Inform(who.id, News::Fighting(self.course.id)));
            self.tell_state(Audience::These(vec![who.id]), moment);
            self.keep(moment);
        }
    }

    /// Everybody who has not fled, but for `except`: for whoever has, it is over.
    fn those_in_it(&self, except: Option<CharacterId>) -> Audience {
        let fighters = || self.course.fighters.iter().filter(|fighter| !fighter.is_enemy());
        match except {
            _ if fighters().any(|fighter| fighter.standing == Standing::Fled) => {
                let still_in = fighters().filter(|fighter| fighter.standing != Standing::Fled);
                Audience::These(still_in.map(|fighter| fighter.id).filter(|id| Some(*id) != except).collect())
            }
            Some(except) => Audience::Except(except),
            None => Audience::Everyone,
        }
    }

    fn tell_state(&self, to: Audience, moment: &mut Moment) {
        let state = self.course.state_message(moment.now.mono_ms);
        moment.tell(to, ServerMessage::CombatState(state));
    }

    /// How it stands now, for the disk: once for each input that changed it.
    fn keep(&mut self, moment: &mut Moment) {
        let state = (!self.is_over())
            .then(|| serde_json::to_string(&self.course).expect("a course is made of what JSON can say"));
        let shard = self.course.prize().map(|prize| prize.shard);
        moment.save(Save::Combat(Box::new(CombatSave {
            combat_id: self.course.id,
            state,
            shard,
            joined: std::mem::take(&mut self.joined),
            released: std::mem::take(&mut self.released),
        })));
    }
}

impl Venue for Combat {
    type Entry = CombatEntry;
    type Command = CombatCommand;
    type Exit = ();

    fn enter(&mut self, who: &Member, entry: CombatEntry, moment: &mut Moment) -> Result<(), Refusal> {
        match (self.course.place_of(who.id), entry) {
            (Some(place), _) => self.come_back(place, who, moment),
            (None, CombatEntry::Join(joining)) => return self.muster(who, *joining, moment),
            (None, absent) => {
                if absent == CombatEntry::CallOff && self.course.phase == Phase::Mustering {
                    self.come_to_nothing(moment);
                }
                moment.effects.push(Effect::Inform(who.id, News::Fought(self.course.id)));
            }
        }
        Ok(())
    }

    fn apply(&mut self, who: &Member, command: CombatCommand, moment: &mut Moment) -> Result<(), Refusal> {
        match command {
            CombatCommand::Act(act) => self.act(who, &act, moment),
            CombatCommand::Look => {
                // Of one that has not begun nobody was told yet: its beginning is told first.
                if self.course.phase != Phase::Mustering {
                    let state = self.course.state_message(moment.now.mono_ms);
                    moment.answer(ServerMessage::CombatState(state));
                }
                Ok(())
            }
        }
    }

    fn leave(&mut self, who: &Member, _exit: (), moment: &mut Moment) {
        if let Some(place) = self.course.place_of(who.id) {
            self.stay_away(place, moment);
        }
    }

    fn tick(&mut self, _: &Lookers, moment: &mut Moment) {
        self.pass_time(moment);
    }
}

fn not_in_it() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "you are not in that combat").with("field", "combat_id")
}

fn over() -> Refusal {
    Refusal::new(ErrorCode::Conflict, "the combat is over")
}
