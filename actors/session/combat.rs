//! A session's fight: asking for one, acting, and coming back to it. How it comes about is in `challenge.rs`.
//!
//! From the challenge on the combat has the character's sheet; what becomes of it is in `aftermath.rs`.

use actix::AsyncContext;
use actix::fut::{ActorFutureExt, wrap_future};
use protocol::characters::Resources;
use protocol::combat::{Act, StartCombat};
use protocol::ids::{CombatId, CrystalShardId};
use protocol::{CharacterId, ErrorCode, ErrorMessage, LocationId};
use rules::Refusal;
use rules::combat::{Against, Combat, CombatCommand, CombatEntry, Opening, Prize, Sharing};
use rules::party::PartyRecord;
use rules::realm::RealmRecord;
use rules::sheet::Engagement;

use crate::commands::Ticket;
use crate::entity::{Ctx, Door, Shell};
use crate::errors::storage_error;
use crate::host::{self, Host, Reply};
use crate::notify::notify;
use crate::registry::VenueName;
use crate::session::Session;
use crate::session::challenge::{Challenge, Wanted, not_here};
use crate::session::play::no_character;
use crate::session::venues::return_later;
use crate::session::walk::busy;

/// What `combat_start` calls the guardian of the location's crystal shard.
const GUARDIAN: &str = "guardian";

/// The combat a character is in, or has challenged somebody to.
pub struct Fight {
    pub id: CombatId,
    /// Absent until it is known who takes up the challenge, while it can't be had, and once it is over.
    pub door: Option<Door<Host<Combat>>>,
    pub(super) challenge: Option<Challenge>,
    /// The character is to begin it: without it there is no fight.
    opens: bool,
    /// It has begun, and its end will be told to this session.
    pub(super) seen: bool,
    /// It has let the character go: what it leaves of it is not yet in effect.
    pub over: bool,
}

impl Fight {
    /// One that the character wants to begin.
    pub(super) fn wanted(id: CombatId, challenge: Challenge) -> Self {
        Self { opens: true, challenge: Some(challenge), ..Self::joined(id) }
    }

    /// One that somebody else begins, or that has begun.
    pub(super) fn joined(id: CombatId) -> Self {
        Self { id, door: None, challenge: None, opens: false, seen: false, over: false }
    }

    /// Whether the character belongs into its actor, and is not there.
    pub fn is_missed(&self) -> bool {
        self.door.is_none() && self.challenge.is_none() && !self.over
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
                self.unless_blocked(whom, not_here(), ticket, ctx, move |session, _, ticket, ctx| {
                    let (against, opening) = (Against::Characters, Opening::default());
                    session
                        .challenge(Wanted { against, opening, whom: vec![whom], ticket: Some(ticket) }, ctx);
                });
            }
            (None, Some(GUARDIAN)) => self.challenge_guardian(ticket, ctx),
            (None, Some(kind)) => {
                self.gather(Against::Enemies(vec![kind.to_owned()]), None, Some(ticket), ctx)
            }
            (None, None) => {
                let kinds = self.encounter().into_iter().collect();
                self.gather(Against::Enemies(kinds), None, Some(ticket), ctx);
            }
        }
    }

    /// `CONFLICT` in a fight, and on the way to elsewhere.
    pub(super) fn may_fight(&self) -> Result<(), ErrorMessage> {
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
        let content = self.world.content();
        let likely =
            rules::encounter::likely(content, content.location(playing.location)?, playing.member.level);
        (!likely.is_empty()).then(|| likely[self.world.fresh_choice(likely.len())].to_owned())
    }

    /// An enemy lies in wait. Whoever has just fought, is weak, or is not there to fight gets by.
    pub(super) fn ambushed(&mut self, location: LocationId, enemy: String, ctx: &mut Ctx<Self>) {
        let now_ms = self.world.clock().mono_ms();
        let Some(playing) = &self.playing else { return };
        let Resources { health, max_health, .. } = playing.sheet.resources;
        let calm = now_ms < playing.calm_until_ms || now_ms < playing.spared_until_ms;
        let able = self.outbox.is_linked() && 2 * i64::from(health) >= i64::from(max_health);
        let ambushes = self.world.options().combat.ambushes;
        if ambushes && playing.location == location && able && !calm && self.may_fight().is_ok() {
            self.gather(Against::Enemies(vec![enemy]), None, None, ctx);
        }
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
        let holding = realm.shards.get(&shard);
        let prize = Prize { shard, epoch: holding.map_or(0, |holding| holding.epoch) };
        if let Err(refusal) = rules::realm::may_be_taken(self.world.content(), holding, prize) {
            return self.refuse(&ticket, refusal);
        }
        let held_by = holding.and_then(|holding| holding.owner.clone());
        self.gather(Against::Guardian(prize), held_by, Some(ticket), ctx);
    }

    /// Against enemies one's party comes along: whoever of it is here and free. The disk knows how it shares.
    fn gather(
        &mut self,
        against: Against,
        held_by: Option<String>,
        ticket: Option<Ticket>,
        ctx: &mut Ctx<Self>,
    ) {
        let Some(playing) = &self.playing else { return self.refuse_start(ticket, no_character()) };
        let opening = Opening { sharing: None, held_by };
        let Some(party) = &playing.party else {
            return self.challenge(Wanted { against, opening, whom: Vec::new(), ticket }, ctx);
        };
        let record = self.world.store().read(storage::parties::load(party.id, self.wall_ms()));
        Self::wait_for(record, ctx, move |session, record, ctx| match record {
            Ok(record) => {
                let (whom, sharing) = session.mates(record);
                session.challenge(
                    Wanted { against, opening: Opening { sharing, ..opening }, whom, ticket },
                    ctx,
                );
            }
            Err(error) => session.refuse_start(ticket, storage_error(&error)),
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

    /// A combat could not be had, or lost the character: there may be news of it.
    pub(super) fn look_for_fight(&mut self, id: CombatId, ctx: &mut Ctx<Self>) {
        let Some(fight) = self.fight(id).filter(|fight| fight.is_missed()) else { return };
        let entry = if fight.opens { CombatEntry::CallOff } else { CombatEntry::Return };
        self.enter_fight(entry, None, ctx);
    }

    /// The character was in a combat when it was taken.
    pub(super) fn return_to_fight(&mut self, id: CombatId, ctx: &mut Ctx<Self>) {
        let Some(playing) = self.playing.as_mut() else { return };
        // Nobody else can have a sheet that was just taken, and a combat has had it since it began.
        let _ = playing.sheet.freeze(&engagement(id));
        playing.fight.get_or_insert_with(|| Fight::joined(id));
        self.enter_fight(CombatEntry::Return, None, ctx);
    }

    pub(super) fn enter_fight(&mut self, entry: CombatEntry, ticket: Option<Ticket>, ctx: &mut Ctx<Self>) {
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

    /// Nobody trades in a fight.
    pub(super) fn fighting(&mut self, id: CombatId) {
        if let Some(fight) = self.fight(id) {
            fight.seen = true;
            self.fight_instead_of_trade();
        }
    }

    pub(super) fn act_in_combat(&mut self, act: Act, ticket: Ticket) {
        let Some(playing) = &self.playing else { return self.refuse(&ticket, no_character()) };
        let fight = playing.fight.as_ref().filter(|fight| fight.id.to_string() == *act.combat_id);
        let Some(fight) = fight else {
            let error = ErrorMessage::new(ErrorCode::NotFound, "you are not in that combat");
            return self.refuse(&ticket, error.with("field", "combat_id"));
        };
        if fight.over {
            return self.refuse(&ticket, ErrorMessage::new(ErrorCode::Conflict, "the combat is over"));
        }
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

pub(super) fn engagement(id: CombatId) -> Engagement {
    Engagement::Combat(id.to_string())
}
