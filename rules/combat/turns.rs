//! Whose turn it is, and what time brings: turns that run out, fighters who stay away.

use protocol::ServerMessage;
use protocol::combat::{ActionResult, ActionType, Outcome};

use crate::Now;
use crate::combat::Combat;
use crate::combat::course::{Against, Phase};
use crate::combat::fighter::Stance;
use crate::combat::moves::{Deed, Teller};
use crate::combat::plan::{GUARDS, Plan};
use crate::content::EffectKind;
use crate::realm::RealmCommand;
use crate::venue::{Audience, Effect, Moment};

/// After so many turns that ran out, one has as little time as somebody who is not there.
const TURNS_MISSED_MAX: u32 = 2;

impl Combat {
    /// Begins turns, and makes those of enemies, until somebody has to make his own.
    pub(super) fn take_turns(&mut self, moment: &mut Moment) {
        loop {
            if let Some(winner) = self.course.decided() {
                return self.finish(winner, moment);
            }
            if self.course.active >= self.course.order.len() {
                if self.course.round >= self.limits.rounds_max {
                    self.course.note("It has gone on for too long: nobody wins.".to_owned());
                    return self.finish(None, moment);
                }
                self.course.round += 1;
                self.course.order = self.course.ranked();
                self.course.active = 0;
            }
            let active = self.course.active_place();
            let Some(place) = active.filter(|place| self.course.fighters[*place].is_up()) else {
                self.course.active += 1;
                continue;
            };
            if self.begin_turn(place, moment) {
                if !self.course.fighters[place].is_enemy() {
                    self.set_deadline(moment.now);
                    return self.tell_state(self.those_in_it(None), moment);
                }
                let content = self.content.clone();
                let plan = self.enemy_plan(place, &content, moment.dice);
                self.make_move(place, plan, Teller::Nobody, moment);
            }
            self.end_turn(place);
        }
    }

    /// False: it can't do anything with it.
    fn begin_turn(&mut self, place: usize, moment: &mut Moment) -> bool {
        self.course.turn += 1;
        let fighter = &mut self.course.fighters[place];
        fighter.begin_turn();
        let mut told = Vec::new();
        let name = fighter.name.clone();
        for (kind, loss) in fighter.ticking() {
            if !self.course.fighters[place].is_up() {
                break;
            }
            let kind = kind.as_str();
            if loss < 0 {
                let amount = self.heal(None, place, -loss, &mut told);
                self.course.note(format!("{name} regains {amount} health by {kind}."));
            } else {
                let amount = self.lose(None, place, loss, false, &mut told);
                self.course.note(format!("{name} loses {amount} health by {kind}."));
            }
        }
        self.tell_consequences(told, moment);
        let fighter = &self.course.fighters[place];
        if fighter.is_up() && fighter.is_under(EffectKind::Stun) {
            let sentence = format!("{} is stunned.", fighter.name);
            let deed = Deed::new(ActionType::Defend, ActionResult::Idle, sentence);
            self.tell_deed(place, deed, Teller::Nobody, moment);
            return false;
        }
        fighter.is_up()
    }

    pub(super) fn end_turn(&mut self, place: usize) {
        self.course.fighters[place].end_turn();
        self.course.active += 1;
    }

    /// Gives whose turn it is the time he has.
    pub(super) fn set_deadline(&mut self, now: Now) {
        let ms = match self.course.phase {
            Phase::Mustering => self.limits.muster_ms,
            Phase::Over => 0,
            Phase::Fighting => {
                let active = self.course.active_place().map(|place| &self.course.fighters[place]);
                let attentive = active.is_some_and(|fighter| {
                    let missed = fighter.played().map_or(0, |played| played.turns_missed);
                    fighter.is_present() && missed < TURNS_MISSED_MAX
                });
                if attentive { self.limits.turn_ms } else { self.limits.idle_turn_ms }
            }
        };
        self.course.deadline_ms = now.mono_ms + ms;
    }

    /// Nobody plays this fighter any more, for now.
    pub(super) fn stay_away(&mut self, place: usize, moment: &mut Moment) {
        match self.course.phase {
            Phase::Mustering => drop(self.course.fighters.remove(place)),
            Phase::Over => {}
            Phase::Fighting => {
                let idle_until_ms = moment.now.mono_ms + self.limits.idle_turn_ms;
                if self.course.active_place() == Some(place) {
                    self.course.deadline_ms = self.course.deadline_ms.min(idle_until_ms);
                }
                let fighter = &mut self.course.fighters[place];
                if !fighter.is_up() {
                    return;
                }
                if let Some(played) = fighter.played_mut() {
                    played.absent_since_ms.get_or_insert(moment.now.mono_ms);
                }
                let sentence = format!("{} is not at hand.", fighter.name);
                self.course.note(sentence);
                self.keep(moment);
            }
        }
    }

    pub(super) fn pass_time(&mut self, moment: &mut Moment) {
        match self.course.phase {
            Phase::Mustering if moment.now.mono_ms >= self.course.deadline_ms => self.come_to_nothing(moment),
            Phase::Mustering | Phase::Over => {}
            Phase::Fighting => {
                let struck = self.strike_down_absent(moment);
                let late = moment.now.mono_ms >= self.course.deadline_ms;
                let active = self.course.active_place();
                if let Some(place) = active.filter(|place| late && self.course.fighters[*place].is_up()) {
                    self.let_turn_pass(place, moment);
                } else if !struck {
                    return;
                } else if active.is_none_or(|place| !self.course.fighters[place].is_up()) {
                    self.take_turns(moment);
                } else if let Some(winner) = self.course.decided() {
                    self.finish(winner, moment);
                } else {
                    self.tell_state(self.those_in_it(None), moment);
                }
                self.keep(moment);
            }
        }
    }

    /// Whoever lets his turn run out has his guard up, at least.
    fn let_turn_pass(&mut self, place: usize, moment: &mut Moment) {
        let fighter = &mut self.course.fighters[place];
        if let Some(played) = fighter.played_mut() {
            played.turns_missed = played.turns_missed.saturating_add(1);
        }
        let block = &GUARDS[0];
        let plan = if fighter.resources.stamina >= block.stamina {
            Plan::Guard { stance: Stance::Blocking }
        } else {
            Plan::Wait
        };
        self.make_move(place, plan, Teller::Nobody, moment);
        self.end_turn(place);
        self.take_turns(moment);
    }

    /// Leaving to escape a defeat is one. True: somebody was struck down.
    fn strike_down_absent(&mut self, moment: &mut Moment) -> bool {
        let now_ms = moment.now.mono_ms;
        let mut told = Vec::new();
        for place in 0..self.course.fighters.len() {
            let fighter = &self.course.fighters[place];
            let since_ms = fighter.played().and_then(|played| played.absent_since_ms);
            let gone =
                since_ms.is_some_and(|since_ms| now_ms.saturating_sub(since_ms) >= self.limits.absent_ms);
            if gone && fighter.is_up() {
                let health = i64::from(fighter.resources.health);
                let sentence = format!("{} stayed away for too long.", fighter.name);
                self.course.note(sentence);
                self.lose(None, place, health, false, &mut told);
            }
        }
        let struck = !told.is_empty();
        self.tell_consequences(told, moment);
        struck
    }

    /// Whoever was to begin it did not come.
    pub(super) fn come_to_nothing(&mut self, moment: &mut Moment) {
        self.course.phase = Phase::Over;
        if self.unreadable {
            self.keep(moment);
            let combat = self.course.id;
            moment.effects.push(Effect::Errand(RealmCommand::Calm { combat, shard: None, won: None }));
        }
        for place in 0..self.course.fighters.len() {
            let who = self.course.fighters[place].id;
            // Whoever was to help against enemies has not heard that there was to be a fight.
            if self.course.terms.as_ref().is_some_and(|terms| terms.against == Against::Characters) {
                let end = self.aftermath(place, Outcome::Ended).message();
                moment.tell(Audience::These(vec![who]), ServerMessage::CombatEnd(end));
            }
            self.inform_released(who, moment);
        }
    }
}
