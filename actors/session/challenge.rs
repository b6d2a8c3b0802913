//! How a session's fight comes about: whoever is to take part is asked, and whoever challenged comes last and begins it.

use protocol::combat::Side;
use protocol::ids::CombatId;
use protocol::{CharacterId, ErrorCode, ErrorMessage};
use rules::combat::{Against, CombatEntry, Joining, Opening, Recruit, Terms};

use crate::commands::Ticket;
use crate::entity::{Ctx, Door};
use crate::notify::notify;
use crate::session::combat::{Fight, engagement};
use crate::session::play::no_character;
use crate::session::{Mail, Session};

/// A fight that somebody wants.
pub(super) struct Wanted {
    pub against: Against,
    pub opening: Opening,
    /// Who is asked to take part: a challenged character, or those who could help.
    pub whom: Vec<CharacterId>,
    /// Absent: nobody asked for it, it comes upon the character.
    pub ticket: Option<Ticket>,
}

/// A challenge that is not answered by all yet.
pub(super) struct Challenge {
    pub ticket: Option<Ticket>,
    terms: Terms,
    opening: Opening,
    whom: Vec<CharacterId>,
    waiting: usize,
}

impl Challenge {
    /// Whether it is this character alone whom it challenges.
    fn is_to(&self, whom: CharacterId) -> bool {
        self.terms.against == Against::Characters && self.whom == [whom]
    }
}

/// A challenge on its way to the session of whoever is to fight. It is answered, whatever becomes of that session: at the
/// latest when it is dropped.
pub struct ChallengeAsk {
    combat: CombatId,
    terms: Terms,
    side: Side,
    by: CharacterId,
    whom: CharacterId,
    to: Option<Door<Session>>,
}

impl ChallengeAsk {
    fn answer(mut self, verdict: Result<(), ErrorMessage>) {
        self.tell(verdict);
    }

    fn tell(&mut self, verdict: Result<(), ErrorMessage>) {
        if let Some(to) = self.to.take() {
            notify(&to, Mail::ChallengeAnswered { combat: self.combat, verdict });
        }
    }
}

impl Drop for ChallengeAsk {
    fn drop(&mut self) {
        self.tell(Err(not_here()));
    }
}

impl Session {
    /// Asks those who are to take part, and begins the fight when all have answered.
    pub(super) fn challenge(&mut self, wanted: Wanted, ctx: &mut Ctx<Self>) {
        let Wanted { against, opening, whom, ticket } = wanted;
        let (id, content, own_door) = (CombatId(self.world.new_id()), self.world.content(), self.own_door());
        let Some(playing) = self.playing.as_mut() else { return self.refuse_start(ticket, no_character()) };
        let side = if against == Against::Characters { Side::Second } else { Side::First };
        let terms = Terms { location_id: playing.location, against };
        if let Err(refusal) = terms.check(content) {
            return self.refuse_start(ticket, refusal);
        }
        if let Err(refusal) = playing.sheet.freeze(&engagement(id)) {
            return self.refuse_start(ticket, refusal);
        }
        if terms.against == Against::Characters {
            // Whoever looks for a fight does not have to be left alone.
            playing.spared_until_ms = 0;
        }
        let (by, waiting) = (playing.member.id, whom.len());
        let challenge = Challenge { ticket, terms: terms.clone(), opening, whom: whom.clone(), waiting };
        playing.fight = Some(Fight::wanted(id, challenge));
        for whom in whom {
            let ask = ChallengeAsk { combat: id, terms: terms.clone(), side, by, whom, to: own_door.clone() };
            // Dropped, it answers itself.
            if let Some(found) = self.world.directory().find(whom) {
                let _ = found.door.post(Mail::Challenged(ask));
            }
        }
        if waiting == 0 {
            self.open_fight(ctx);
        }
    }

    pub(super) fn challenged(&mut self, ask: ChallengeAsk, ctx: &mut Ctx<Self>) {
        let own = self.yield_to(&ask);
        let taken_up = self.take_up(&ask);
        match &taken_up {
            Ok(()) => self.enter_fight(self.joining(ask.terms.clone(), ask.side, None), own, ctx),
            Err(error) => self.refuse_start(own, error.clone()),
        }
        ask.answer(taken_up);
    }

    /// Two who challenge each other at once want the same fight: the challenge of the one who was made first stands, and
    /// the other one's command is answered when he is in it.
    fn yield_to(&mut self, ask: &ChallengeAsk) -> Option<Ticket> {
        let playing = self.playing.as_mut()?;
        let challenge = playing.fight.as_ref()?.challenge.as_ref()?;
        if !challenge.is_to(ask.by) || ask.terms != challenge.terms || ask.by > playing.member.id {
            return None;
        }
        let fight = playing.fight.take()?;
        playing.sheet.release(&engagement(fight.id));
        fight.challenge?.ticket
    }

    fn take_up(&mut self, ask: &ChallengeAsk) -> Result<(), ErrorMessage> {
        let now_ms = self.world.clock().mono_ms();
        let engaged = self.may_fight().is_err();
        // Whose connection dropped is in the world for a while, but can't fight.
        if !self.outbox.is_linked() {
            return Err(not_here());
        }
        let playing = self.playing.as_mut().filter(|playing| playing.member.id == ask.whom);
        let playing = playing.filter(|playing| playing.location == ask.terms.location_id);
        let playing = playing.ok_or_else(not_here)?;
        let wait_ms = playing.spared_until_ms.saturating_sub(now_ms);
        if wait_ms > 0 && ask.terms.against == Against::Characters {
            let reason = "they were defeated just now: let them get up";
            return Err(ErrorMessage::new(ErrorCode::Conflict, reason).with("retry_after_ms", wait_ms));
        }
        let busy = || ErrorMessage::new(ErrorCode::Conflict, "they are busy with something else");
        if engaged {
            return Err(busy());
        }
        if playing.sheet.freeze(&engagement(ask.combat)).is_ok() {
            playing.fight = Some(Fight::joined(ask.combat));
            return Ok(());
        }
        // An accept that stands is no shield: the next challenge finds him free.
        if ask.terms.against == Against::Characters {
            self.fight_instead_of_trade();
        }
        Err(busy().with("retry_after_ms", 500))
    }

    pub(super) fn challenge_answered(
        &mut self,
        combat: CombatId,
        verdict: Result<(), ErrorMessage>,
        ctx: &mut Ctx<Self>,
    ) {
        let Some(challenge) = self.fight(combat).and_then(|fight| fight.challenge.as_mut()) else { return };
        challenge.waiting = challenge.waiting.saturating_sub(1);
        let (waiting, alone) = (challenge.waiting, challenge.terms.against == Against::Characters);
        match verdict {
            Err(error) if alone => {
                let ticket = challenge.ticket.take();
                self.end_fight();
                self.refuse_start(ticket, error);
            }
            // Whoever could have helped and does not is not waited for.
            _ if waiting == 0 => self.open_fight(ctx),
            _ => {}
        }
    }

    /// Everybody is there who will be: whoever challenged comes last, and with him it begins.
    fn open_fight(&mut self, ctx: &mut Ctx<Self>) {
        let fight = self.playing.as_mut().and_then(|playing| playing.fight.as_mut());
        let challenge = fight.and_then(|fight| fight.challenge.take());
        let Some(Challenge { ticket, terms, opening, .. }) = challenge else { return };
        self.enter_fight(self.joining(terms, Side::First, Some(opening)), ticket, ctx);
    }

    fn joining(&self, terms: Terms, side: Side, opening: Option<Opening>) -> CombatEntry {
        let Some((playing, fight)) =
            self.playing.as_ref().and_then(|playing| Some((playing, playing.fight.as_ref()?)))
        else {
            return CombatEntry::Return;
        };
        let recruit = Recruit::of(&playing.sheet, &engagement(fight.id), self.world.content());
        CombatEntry::Join(Box::new(Joining { terms, side, opening, recruit }))
    }

    /// Whoever asked for a fight is told why there is none. Of one that nobody asked for nobody hears.
    pub(super) fn refuse_start(&self, ticket: Option<Ticket>, error: impl Into<ErrorMessage>) {
        if let Some(ticket) = ticket {
            self.refuse(&ticket, error);
        }
    }
}

pub(super) fn not_here() -> ErrorMessage {
    ErrorMessage::new(ErrorCode::NotOnline, "they are not here").with("field", "target_id")
}
