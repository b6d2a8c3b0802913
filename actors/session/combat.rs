//! A session's fight: challenging, being challenged, acting, and coming back to it.
//!
//! From the challenge on the combat has the character's sheet; what becomes of it is in `aftermath.rs`.

use actix::AsyncContext;
use actix::fut::{ActorFutureExt, wrap_future};
use protocol::combat::{Act, Side, StartCombat};
use protocol::ids::{CombatId, CrystalShardId};
use protocol::{CharacterId, ErrorCode, ErrorMessage};
use rules::Refusal;
use rules::combat::{Against, Combat, CombatCommand, CombatEntry, Joining, Prize, Recruit, Sharing, Terms};
use rules::party::PartyRecord;
use rules::realm::RealmRecord;
use rules::sheet::Engagement;

use crate::commands::Ticket;
use crate::entity::{Ctx, Door, Shell};
use crate::errors::storage_error;
use crate::host::{self, Host, Reply};
use crate::notify::notify;
use crate::registry::VenueName;
use crate::session::play::no_character;
use crate::session::venues::return_later;
use crate::session::walk::busy;
use crate::session::{Mail, Session};

/// What `combat_start` calls the guardian of the location's crystal shard.
const GUARDIAN: &str = "guardian";

/// The combat a character is in, or has challenged somebody to.
pub struct Fight {
    pub id: CombatId,
    /// Absent until it is known who takes up the challenge, while it can't be had, and once it is over.
    pub door: Option<Door<Host<Combat>>>,
    challenge: Option<Challenge>,
    /// It has let the character go: what it leaves of it is not yet in effect.
    pub over: bool,
}

impl Fight {
    fn new(id: CombatId, challenge: Option<Challenge>) -> Self {
        Self { id, door: None, challenge, over: false }
    }

    /// Whether the character belongs into its actor, and is not there.
    pub fn is_missed(&self) -> bool {
        self.door.is_none() && self.challenge.is_none() && !self.over
    }
}

/// A challenge that is not answered by all yet.
struct Challenge {
    ticket: Ticket,
    terms: Terms,
    sharing: Option<Sharing>,
    waiting: usize,
}

/// A challenge on its way to the session of whoever is to fight. It is answered, whatever becomes of that session: at the
/// latest when it is dropped.
pub struct ChallengeAsk {
    combat: CombatId,
    terms: Terms,
    side: Side,
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
    pub(super) fn start_combat(&mut self, request: &StartCombat, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let Some(playing) = &self.playing else { return self.refuse(&ticket, no_character()) };
        let own = playing.member.id;
        if let Err(error) = self.may_fight() {
            return self.refuse(&ticket, error);
        }
        match (request.target_id, request.enemy.as_deref()) {
            (Some(_), Some(_)) => {
                let error = Refusal::invalid("enemy", "expected this or target_id, not both");
                self.refuse(&ticket, error);
            }
            (Some(whom), None) if whom == own => {
                let error = Refusal::invalid("target_id", "expected somebody else: nobody fights himself");
                self.refuse(&ticket, error);
            }
            (Some(whom), None) => {
                let terms = (Against::Characters, Side::Second, None);
                self.challenge(terms, &[whom], ticket, ctx);
            }
            (None, Some(GUARDIAN)) => self.challenge_guardian(ticket, ctx),
            (None, Some(kind)) => self.gather(Against::Enemies(vec![kind.to_owned()]), ticket, ctx),
            (None, None) => {
                let kinds = self.encounter().into_iter().collect();
                self.gather(Against::Enemies(kinds), ticket, ctx);
            }
        }
    }

    /// `CONFLICT` in a fight, and on the way to elsewhere.
    fn may_fight(&self) -> Result<(), ErrorMessage> {
        let playing = self.playing.as_ref().ok_or_else(no_character)?;
        if let Some(fight) = &playing.fight {
            let error = ErrorMessage::new(ErrorCode::Conflict, "you are in a fight already");
            return Err(error.with("combat_id", fight.id.to_string()));
        }
        let leaving = playing.travelling.as_ref().is_some_and(|ticket| self.outbox.is_open(ticket));
        if leaving {
            return Err(ErrorMessage::new(ErrorCode::Conflict, "you are on the way to another location"));
        }
        Ok(())
    }

    /// One of the location's enemies: of those that are nearest in level, whichever comes first.
    fn encounter(&self) -> Option<String> {
        let playing = self.playing.as_ref()?;
        let (content, level) = (self.world.content(), playing.member.level);
        let here = content.location(playing.location)?;
        let met = here.enemies.iter().filter_map(|kind| content.enemy(kind));
        let far = |enemy: &&rules::content::Enemy| (enemy.level - level).abs();
        let nearest = met.clone().map(|enemy| far(&enemy)).min()?;
        let mut near: Vec<&str> =
            met.filter(|enemy| far(enemy) <= nearest + 1).map(|enemy| enemy.kind.as_str()).collect();
        let chosen = self.world.fresh_choice(near.len());
        Some(near.swap_remove(chosen).to_owned())
    }

    /// The disk knows how often the shard has changed hands: whoever wins the fight takes it only if that holds still.
    fn challenge_guardian(&mut self, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let Some(playing) = &self.playing else { return self.refuse(&ticket, no_character()) };
        let (location, content) = (playing.location, self.world.content());
        let shard = content.crystal_shards().iter().find(|shard| shard.location_id == Some(location));
        let Some(shard) = shard.map(|shard| shard.id) else {
            let error = Refusal::new(ErrorCode::NotFound, "no crystal shard is guarded here");
            return self.refuse(&ticket, error.with("field", "enemy"));
        };
        let realm = self.world.store().read(storage::world::realm());
        ctx.wait(wrap_future(realm).map(move |realm, shell: &mut Shell<Self>, ctx: &mut Ctx<Self>| {
            let session = &mut shell.entity;
            match realm {
                Ok(realm) => session.go_for(shard, &realm, ticket, ctx),
                Err(error) => session.refuse(&ticket, storage_error(&error)),
            }
        }));
    }

    fn go_for(&mut self, shard: CrystalShardId, realm: &RealmRecord, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let Some(playing) = &self.playing else { return self.refuse(&ticket, no_character()) };
        let holding = realm.shards.get(&shard);
        let prize = Prize { shard, epoch: holding.map_or(0, |holding| holding.epoch) };
        let faction = &playing.member.faction;
        if let Err(refusal) = rules::realm::may_take(self.world.content(), holding, faction, prize) {
            return self.refuse(&ticket, refusal);
        }
        self.gather(Against::Guardian(prize), ticket, ctx);
    }

    /// Against enemies one's party comes along: whoever of it is here and free. The disk knows how it shares.
    fn gather(&mut self, against: Against, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let Some(playing) = &self.playing else { return self.refuse(&ticket, no_character()) };
        let Some(party) = &playing.party else {
            return self.challenge((against, Side::First, None), &[], ticket, ctx);
        };
        let record = self.world.store().read(storage::parties::load(party.id, self.wall_ms()));
        Self::wait_for(record, ctx, move |session, record, ctx| match record {
            Ok(record) => {
                let (mates, sharing) = session.mates(record);
                session.challenge((against, Side::First, sharing), &mates, ticket, ctx);
            }
            Err(error) => session.refuse(&ticket, storage_error(&error)),
        });
    }

    /// Who else is in the party, by the time they joined, and how it shares; of a party that one has left: nobody.
    fn mates(&self, record: Option<PartyRecord>) -> (Vec<CharacterId>, Option<Sharing>) {
        let own = self.playing.as_ref().map(|playing| playing.member.id);
        let record = record.filter(|record| own.is_some_and(|own| record.has(own)));
        let Some(record) = record else { return (Vec::new(), None) };
        let others = record.members.iter().map(|mate| mate.id).filter(|id| Some(*id) != own);
        let most = self.world.options().combat.limits.side_max.saturating_sub(1);
        let sharing = Sharing { loot: record.loot_sharing, leader: record.leader };
        (others.take(most).collect(), Some(sharing))
    }

    /// Asks these to join, and begins the fight when all have answered.
    fn challenge(
        &mut self,
        (against, side, sharing): (Against, Side, Option<Sharing>),
        whom: &[CharacterId],
        ticket: Ticket,
        ctx: &mut Ctx<Self>,
    ) {
        let (id, content, own_door) = (CombatId(self.world.new_id()), self.world.content(), self.own_door());
        let Some(playing) = self.playing.as_mut() else { return self.refuse(&ticket, no_character()) };
        let terms = Terms { location_id: playing.location, against };
        let lent = terms.check(content).and_then(|()| playing.sheet.freeze(&engagement(id)).map(drop));
        if let Err(refusal) = lent {
            return self.refuse(&ticket, refusal);
        }
        let waiting = whom.len();
        let challenge = Challenge { ticket, terms: terms.clone(), sharing, waiting };
        playing.fight = Some(Fight::new(id, Some(challenge)));
        for whom in whom.iter().copied() {
            let ask = ChallengeAsk { combat: id, terms: terms.clone(), side, whom, to: own_door.clone() };
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
        let taken_up = self.take_up(&ask);
        if taken_up.is_ok() {
            self.enter_fight(self.joining(ask.terms.clone(), ask.side, None), None, ctx);
        }
        ask.answer(taken_up);
    }

    fn take_up(&mut self, ask: &ChallengeAsk) -> Result<(), ErrorMessage> {
        let now_ms = self.world.clock().mono_ms();
        let engaged = self.may_fight().is_err();
        let playing = self.playing.as_mut().filter(|playing| playing.member.id == ask.whom);
        let playing = playing.filter(|playing| playing.location == ask.terms.location_id);
        let playing = playing.ok_or_else(not_here)?;
        let wait_ms = playing.spared_until_ms.saturating_sub(now_ms);
        if wait_ms > 0 && ask.terms.against == Against::Characters {
            let reason = "they were defeated just now: let them get up";
            return Err(ErrorMessage::new(ErrorCode::Conflict, reason).with("retry_after_ms", wait_ms));
        }
        if engaged || playing.sheet.freeze(&engagement(ask.combat)).is_err() {
            return Err(ErrorMessage::new(ErrorCode::Conflict, "they are busy with something else"));
        }
        playing.fight = Some(Fight::new(ask.combat, None));
        Ok(())
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
                let ticket = challenge.ticket.clone();
                self.end_fight();
                self.refuse(&ticket, error);
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
        let Some(Challenge { ticket, terms, sharing, .. }) = challenge else { return };
        self.enter_fight(self.joining(terms, Side::First, Some(sharing)), Some(ticket), ctx);
    }

    /// `opens`: whoever challenged, with how his party shares.
    fn joining(&self, terms: Terms, side: Side, opens: Option<Option<Sharing>>) -> CombatEntry {
        let Some((playing, fight)) =
            self.playing.as_ref().and_then(|playing| Some((playing, playing.fight.as_ref()?)))
        else {
            return CombatEntry::Return;
        };
        let recruit = Recruit::of(&playing.sheet, &engagement(fight.id), self.world.content());
        let (opens, sharing) = (opens.is_some(), opens.flatten());
        CombatEntry::Join(Box::new(Joining { terms, side, opens, sharing, recruit }))
    }

    /// A combat could not be had, or lost the character: there may be news of it.
    pub(super) fn look_for_fight(&mut self, id: CombatId, ctx: &mut Ctx<Self>) {
        if self.fight(id).is_some_and(|fight| fight.is_missed()) {
            self.enter_fight(CombatEntry::Return, None, ctx);
        }
    }

    /// The character was in a combat when it was taken.
    pub(super) fn return_to_fight(&mut self, id: CombatId, ctx: &mut Ctx<Self>) {
        let Some(playing) = self.playing.as_mut() else { return };
        // Nobody else can have a sheet that was just taken, and a combat has had it since it began.
        let _ = playing.sheet.freeze(&engagement(id));
        playing.fight.get_or_insert_with(|| Fight::new(id, None));
        self.enter_fight(CombatEntry::Return, None, ctx);
    }

    fn enter_fight(&mut self, entry: CombatEntry, ticket: Option<Ticket>, ctx: &mut Ctx<Self>) {
        let (Some(newcomer), watcher) = (self.newcomer(), self.watcher()) else { return };
        let outbox = self.outbox.clone();
        let fight = self.playing.as_mut().and_then(|playing| playing.fight.as_mut());
        let Some(fight) = fight else { return };
        let name = VenueName::Combat(fight.id);
        if let Some(ticket) = &ticket {
            outbox.entrust(ticket, name.clone());
        }
        let reply = Reply { who: newcomer.member.id, outbox, ticket };
        match self.world.combats().find_watched(&self.world, &fight.id, || (), watcher) {
            Ok(door) => {
                notify(&door, host::Mail::Enter { newcomer, entry, reply });
                fight.door = Some(door);
            }
            Err(rests) => {
                if reply.ticket.is_some() {
                    self.end_fight();
                    reply.refuse(busy(&name), self.wall_ms());
                } else {
                    return_later(name, rests.retry_after_ms, ctx);
                }
            }
        }
    }

    pub(super) fn act_in_combat(&mut self, act: Act, ticket: Ticket) {
        let Some(playing) = &self.playing else { return self.refuse(&ticket, no_character()) };
        let fight = playing.fight.as_ref().filter(|fight| fight.id.to_string() == *act.combat_id);
        let Some(fight) = fight else {
            let error = ErrorMessage::new(ErrorCode::NotFound, "you are not in that combat");
            return self.refuse(&ticket, error.with("field", "combat_id"));
        };
        let name = VenueName::Combat(fight.id);
        let Some(door) = &fight.door else { return self.refuse(&ticket, busy(&name)) };
        self.outbox.entrust(&ticket, name.clone());
        let (who, command) = (playing.member.id, CombatCommand::Act(act));
        let reply = Reply { who, outbox: self.outbox.clone(), ticket: Some(ticket.clone()) };
        if door.post(host::Mail::Command { who, session: self.id, command, reply }).is_err() {
            self.refuse(&ticket, busy(&name));
        }
    }

    /// Whoever comes back is shown how the fight stands.
    pub(super) fn look_at_fight(&self) {
        let Some(playing) = &self.playing else { return };
        let Some(door) = playing.fight.as_ref().and_then(|fight| fight.door.as_ref()) else { return };
        let who = playing.member.id;
        let reply = Reply { who, outbox: self.outbox.clone(), ticket: None };
        let look = host::Mail::Command { who, session: self.id, command: CombatCommand::Look, reply };
        // A combat that is too busy to say it now says it with the next turn.
        let _ = door.post(look);
    }

    /// Lets go of the combat's actor.
    pub(super) fn leave_fight(&mut self) {
        let id = self.id;
        let Some(playing) = self.playing.as_mut() else { return };
        let Some(fight) = playing.fight.as_mut() else { return };
        self.world.combats().unwatch(&fight.id, id);
        if let Some(door) = fight.door.take() {
            notify(&door, host::Mail::Leave { who: playing.member.id, session: id, exit: (), gone: None });
        }
    }

    /// The sheet is its owner's again.
    pub(super) fn end_fight(&mut self) {
        self.leave_fight();
        let Some(playing) = self.playing.as_mut() else { return };
        if let Some(fight) = playing.fight.take() {
            playing.sheet.release(&engagement(fight.id));
        }
    }

    pub(super) fn fight(&mut self, id: CombatId) -> Option<&mut Fight> {
        self.playing.as_mut()?.fight.as_mut().filter(|fight| fight.id == id)
    }
}

fn engagement(id: CombatId) -> Engagement {
    Engagement::Combat(id.to_string())
}

fn not_here() -> ErrorMessage {
    ErrorMessage::new(ErrorCode::NotOnline, "they are not here").with("field", "target_id")
}
