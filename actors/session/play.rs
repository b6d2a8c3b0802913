//! A session's character in the world: taking it, the venues it is in, giving it up.

use std::sync::Weak;

use actix::AsyncContext;
use actix::fut::{ActorFutureExt, wrap_future};
use protocol::characters::Character;
use protocol::ids::CombatId;
use protocol::movement::Move;
use protocol::{CharacterId, CloseCode, ErrorCode, ErrorMessage, LocationId, MessageId, ServerMessage};
use rules::party::PartyExit;
use rules::quests::{Deed, QuestLog};
use rules::realm::Realm;
use rules::room::Room;
use rules::sheet::Sheet;
use rules::venue::{Member, RoomKey, Whereabouts};
use rules::world_shard::{WorldCommand, WorldShard};
use storage::StoreError;
use storage::characters::Taken;
use tokio::sync::oneshot;

use crate::commands::Ticket;
use crate::directory::{self, Claim};
use crate::entity::{Ctx, Door, Shell};
use crate::errors::storage_error;
use crate::frame::Frame;
use crate::host::{self, Host, Reply};
use crate::notify::notify;
use crate::outbox::Farewell;
use crate::queries::character_answer;
use crate::repeats::kept_message;
use crate::session::combat::Fight;
use crate::session::party::Grouped;
use crate::session::trade::Trading;
use crate::session::{Asked, Mail, Session};

/// A room the character is in; without a door while it can't be had.
pub struct Joined {
    pub key: RoomKey,
    pub door: Option<Door<Host<Room>>>,
}

/// The world shard that simulates the character.
pub struct Placed {
    pub shard: String,
    pub door: Option<Door<Host<WorldShard>>>,
}

/// A character in the world.
pub struct Playing {
    pub member: Member,
    pub character: Character,
    /// What it owns, wears and is; `character` shows some of it.
    pub sheet: Sheet,
    pub location: LocationId,
    pub place: Placed,
    pub global: Joined,
    pub faction: Joined,
    pub say: Joined,
    pub quests: QuestLog,
    /// The realm, while it can be had.
    pub realm: Option<Door<Host<Realm>>>,
    pub fight: Option<Fight>,
    /// The last combat whose crystal shard was taken, or could not be.
    pub claimed: Option<CombatId>,
    /// Nobody can challenge it until then (monotonic milliseconds).
    pub spared_until_ms: u64,
    /// No enemy comes upon it until then (monotonic milliseconds).
    pub calm_until_ms: u64,
    /// Its rooms have shown what was said lately; only v1 has a message for that.
    pub read_up: bool,
    /// The trade it is in, or has asked for.
    pub trading: Option<Trading>,
    /// The request to trade that is on its way to the shard.
    pub asking: Option<Ticket>,
    pub party: Option<Grouped>,
    /// The acceptance of an invitation that is on its way.
    pub joining: Option<Ticket>,
    /// It is on its way into the shard of its place, which has not said yet that it is there.
    pub arriving: bool,
    /// A way to another shard that waits for that: its news must not overtake the news of the place it begins at.
    pub held_way: Option<(Move, Ticket)>,
    /// The command that is taking the character to another location.
    pub travelling: Option<Ticket>,
    /// The other shard it is on the way to, with its door.
    pub bound_for: Option<Placed>,
}

impl Session {
    pub(super) fn select(&mut self, character: CharacterId, ticket: Ticket, ctx: &mut Ctx<Self>) {
        if let Some(character) = self.already_plays(character) {
            let answer = character_answer(character, self.world.content());
            self.answer(&ticket, ServerMessage::CharacterSelect(answer));
            return self.look(ctx);
        }
        self.take(character, ctx, move |session, taken| match taken {
            Ok(character) => {
                let answer = character_answer(character, session.world.content());
                session.answer(&ticket, ServerMessage::CharacterSelect(answer));
                true
            }
            Err(error) => {
                session.refuse(&ticket, error);
                false
            }
        });
    }

    pub(super) fn select_for_rest(
        &mut self,
        character: CharacterId,
        to: Asked<Character>,
        ctx: &mut Ctx<Self>,
    ) {
        if let Some(character) = self.already_plays(character) {
            // Whoever asked may have given up.
            let _ = to.send(Ok(character));
            return;
        }
        self.take(character, ctx, move |_, taken| {
            let success = taken.is_ok();
            // Whoever asked may have given up; the character is taken all the same.
            let _ = to.send(taken);
            success
        });
    }

    /// Selecting the character one plays changes nothing: a client that came back may do so.
    fn already_plays(&self, character: CharacterId) -> Option<Character> {
        self.playing
            .as_ref()
            .filter(|playing| playing.member.id == character)
            .map(|playing| playing.character.clone())
    }

    pub(super) fn plays(&self, who: CharacterId, epoch: i64) -> bool {
        self.playing.as_ref().is_some_and(|playing| playing.member.id == who && playing.member.epoch == epoch)
    }

    /// After a restart of the session's actor, or of the server: back to where it was.
    pub(super) fn resume_playing(&mut self, character: CharacterId, ctx: &mut Ctx<Self>) {
        let id = self.id;
        self.take(character, ctx, move |session, taken| {
            if let Err(error) = &taken {
                log::info!("session {id} can't go on with its character: {}", error.error_message);
                session.leave_world(None, false);
            }
            taken.is_ok()
        });
    }

    /// Takes a character, says so by `tell`, then enters the world with it. The mailbox waits, so that what a
    /// client sends right behind its selection finds the character there.
    fn take(
        &mut self,
        character: CharacterId,
        ctx: &mut Ctx<Self>,
        tell: impl FnOnce(&mut Self, Result<Character, ErrorMessage>) -> bool + 'static,
    ) {
        let Some(account) = self.row.as_ref().map(|row| row.account_id) else {
            tell(self, Err(ErrorMessage::new(ErrorCode::Unauthorized, "the session has ended")));
            return;
        };
        let take = storage::characters::take(account, character, self.wall_ms())
            .with(storage::sessions::set_character(self.id, Some(character)));
        let taken = self.world.store().write(take);
        ctx.wait(wrap_future(taken).map(move |taken, shell: &mut Shell<Self>, ctx| {
            let session = &mut shell.entity;
            match taken {
                Ok(taken) => {
                    session.make_way(taken.character.id, taken.whereabouts.0);
                    if tell(session, Ok(taken.character.clone())) {
                        session.enter_world(taken, ctx);
                    }
                }
                Err(StoreError::NotFound) => {
                    let error = ErrorMessage::new(ErrorCode::NotFound, "Character not found")
                        .with("field", "character_id");
                    tell(session, Err(error));
                }
                Err(error) => {
                    tell(session, Err(storage_error(&error)));
                }
            }
        }));
    }

    fn enter_world(&mut self, taken: Taken, ctx: &mut Ctx<Self>) {
        let Some(door) = self.own_door() else { return };
        let Some(account) = self.row.as_ref().map(|row| row.account_id) else { return };
        let Taken {
            character,
            epoch,
            sheet,
            whereabouts,
            combat,
            aftermaths_wait,
            quests,
            recent_answers,
            answers_total,
            belonging,
        } = taken;
        let more_on_disk = answers_total as usize > recent_answers.len();
        self.recall(recent_answers, more_on_disk);
        let member = Member {
            id: character.id,
            name: character.name.clone(),
            faction: character.faction.clone(),
            level: character.progression.level,
            epoch,
        };
        let claim = directory::Playing {
            character: member.id,
            name: member.name.clone(),
            account,
            epoch,
            session: self.id,
            outbox: self.outbox.clone(),
            door,
            trade: Weak::new(),
        };
        let replaced = Farewell::new(CloseCode::Replaced, "another session took over this character");
        match self.world.directory().claim(claim) {
            Claim::Granted => {}
            Claim::TakenFrom(before) => {
                let (character, epoch) = (member.id, before.epoch);
                let gone = Mail::CharacterGone { character, epoch, farewell: Some(replaced) };
                notify(&before.door, gone);
            }
            Claim::TooLate => {
                self.forget_character();
                return self.outbox.end_link(replaced);
            }
        }
        let (location, position) = self.possible_place(whereabouts);
        if location != whereabouts.0 {
            let at = Whereabouts { character_id: member.id, epoch, location_id: location, position };
            // Not waited for: until it is there, the next sign-in finds the same place again.
            drop(self.world.store().write(storage::characters::save_whereabouts(vec![at])));
        }
        let faction = RoomKey::Faction(member.faction.clone());
        let shard = self.shard_of(location);
        self.playing = Some(Playing {
            character,
            sheet,
            location,
            place: Placed { shard, door: None },
            global: Joined { key: RoomKey::Global, door: None },
            faction: Joined { key: faction.clone(), door: None },
            say: Joined { key: RoomKey::Say(location), door: None },
            quests,
            realm: None,
            fight: None,
            claimed: None,
            spared_until_ms: 0,
            calm_until_ms: 0,
            read_up: self.outbox.is_linked() && self.outbox.dialect().is_v1(),
            trading: None,
            asking: None,
            party: None,
            joining: None,
            arriving: false,
            held_way: None,
            travelling: None,
            bound_for: None,
            member,
        });
        log::info!("session {}: character {} enters the world", self.id, self.name());
        for room in [RoomKey::Global, faction, RoomKey::Say(location)] {
            self.join(&room, true, ctx);
        }
        self.join_realm(ctx);
        self.arrive(Some(position), ctx);
        self.belong(belonging, ctx);
        if let Some(combat) = combat {
            self.return_to_fight(combat, ctx);
        }
        if aftermaths_wait {
            self.conclude(ctx);
        }
        // That it came here may not have been counted when the process died.
        self.note_deeds(&[Deed::Visited(location)], ctx);
    }

    /// Where a character was last, if the content still has that place; else where characters begin.
    fn possible_place(
        &self,
        (location, position): (LocationId, protocol::movement::Position),
    ) -> (LocationId, protocol::movement::Position) {
        let content = self.world.content();
        match content.location(location) {
            Some(_) => (location, position),
            None => (content.start().id, content.start().spawn),
        }
    }

    fn recall(&self, answers: Vec<(String, String)>, more_on_disk: bool) {
        let wall_ms = self.wall_ms();
        let kept = answers
            .into_iter()
            .filter_map(|(id, text)| {
                let id = MessageId::new(id).ok()?;
                Some((id.clone(), Frame::answering(Some(id), kept_message(&text)?, wall_ms)))
            })
            .collect();
        self.outbox.recall(kept, more_on_disk);
    }

    /// Gives the character up: out of every venue. `gone` hears when its position is on disk; `forget`: the
    /// session does not come back with it.
    pub(super) fn leave_world(&mut self, gone: Option<oneshot::Sender<()>>, forget: bool) {
        self.leave_trade();
        self.leave_fight();
        self.leave_realm();
        self.leave_party(PartyExit::default());
        let Some(mut playing) = self.playing.take() else { return };
        let (id, who) = (self.id, playing.member.id);
        log::info!("session {id}: character {} leaves the world", playing.member.name);
        self.world.directory().release(who, id);
        self.refuse_what_waits(&mut playing);
        for joined in [playing.global, playing.faction, playing.say] {
            self.leave_room(joined, who);
        }
        if let Some(bound_for) = playing.bound_for {
            self.leave_shard(bound_for, who, None);
        }
        self.leave_shard(playing.place, who, gone);
        if forget {
            self.forget_character();
        }
    }

    /// Commands that waited in here for something else are not done any more.
    pub(super) fn refuse_what_waits(&self, playing: &mut Playing) {
        let way = playing.held_way.take().map(|(_, ticket)| ticket);
        let challenge = playing.fight.as_mut().and_then(|fight| fight.challenge.take());
        for ticket in way.into_iter().chain(challenge.and_then(|challenge| challenge.ticket)) {
            self.refuse(&ticket, no_character());
        }
    }

    /// The session does not come back with a character.
    fn forget_character(&self) {
        let id = self.id;
        let forgotten = self.world.store().write(storage::sessions::set_character(id, None));
        actix_rt::spawn(async move {
            if let Err(error) = forgotten.await {
                log::warn!("session {id}: that it plays nobody could not be saved: {error}");
            }
        });
    }

    /// Another session took the character, or it was deleted.
    pub(super) fn character_gone(&mut self, character: CharacterId, epoch: i64, farewell: Option<Farewell>) {
        let meant = |member: &Member| member.id == character && member.epoch <= epoch;
        if !self.playing.as_ref().is_some_and(|playing| meant(&playing.member)) {
            return;
        }
        if farewell.is_none() {
            // Deleted: it does not come back.
            self.leave_party(PartyExit { for_good: true });
        }
        self.leave_world(None, true);
        if let Some(farewell) = farewell {
            self.outbox.end_link(farewell);
        }
    }

    /// Tells a new connection where its character is.
    pub(super) fn look(&mut self, _: &mut Ctx<Self>) {
        let Some(playing) = &self.playing else { return };
        let Some(door) = &playing.place.door else { return };
        let reply = Reply { who: playing.member.id, outbox: self.outbox.clone(), ticket: None };
        let look = host::Mail::Command {
            who: playing.member.id,
            session: self.id,
            command: WorldCommand::Look,
            reply,
        };
        // A shard that is too busy to say it now says it with the next change of location.
        let _ = door.post(look);
    }

    pub(super) fn shard_of(&self, location: LocationId) -> String {
        let content = self.world.content();
        content.location(location).unwrap_or_else(|| content.start()).world_shard.clone()
    }

    fn name(&self) -> &str {
        self.playing.as_ref().map_or("nobody", |playing| &playing.member.name)
    }
}

pub fn no_character() -> ErrorMessage {
    ErrorMessage::new(ErrorCode::NoCharacter, "select a character first: character_select {character_id}")
}
