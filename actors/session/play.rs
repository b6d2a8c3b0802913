//! A session's character in the world: taking it, the venues it is in, giving it up.

use actix::AsyncContext;
use actix::fut::{ActorFutureExt, wrap_future};
use protocol::characters::{Character, CharacterAnswer, CharacterUpdate};
use protocol::{
    CharacterId, CloseCode, Dialect, ErrorCode, ErrorMessage, LocationId, MessageId, ServerMessage, codec,
};
use rules::room::{Room, RoomEntry};
use rules::venue::{Member, RoomKey};
use rules::world_shard::{Arrival, Departure, WorldCommand, WorldShard};
use storage::StoreError;
use storage::characters::Taken;
use tokio::sync::oneshot;

use crate::commands::Ticket;
use crate::directory;
use crate::entity::{Ctx, Door, Shell, Watcher};
use crate::errors::storage_error;
use crate::frame::Frame;
use crate::host::{self, Host, Newcomer, Reply};
use crate::notify::notify;
use crate::outbox::Farewell;
use crate::registry::VenueName;
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
    pub location: LocationId,
    pub place: Placed,
    pub global: Joined,
    pub faction: Joined,
    pub say: Joined,
    /// The command that is taking the character to another location.
    pub travelling: Option<Ticket>,
    /// The other shard it is on the way to, with its door.
    pub bound_for: Option<Placed>,
}

impl Session {
    pub(super) fn select(&mut self, character: CharacterId, ticket: Ticket, ctx: &mut Ctx<Self>) {
        self.take(character, ctx, move |session, taken| match taken {
            Ok(character) => {
                let answer = CharacterAnswer { success: true, character };
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
        self.take(character, ctx, move |_, taken| {
            let success = taken.is_ok();
            // Whoever asked may have given up; the character is taken all the same.
            let _ = to.send(taken);
            success
        });
    }

    /// After a restart of the session's actor, or of the server: back to where it was.
    pub(super) fn resume_playing(&mut self, character: CharacterId, ctx: &mut Ctx<Self>) {
        let id = self.id;
        self.take(character, ctx, move |_, taken| {
            if let Err(error) = &taken {
                log::info!("session {id} can't go on with its character: {}", error.error_message);
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
                    session.leave_world(None, false);
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
        let Taken { character, epoch, whereabouts, recent_answers, answers_total } = taken;
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
            session: self.id,
            outbox: self.outbox.clone(),
            door,
        };
        if let Some(before) = self.world.directory().claim(claim) {
            let farewell = Farewell::new(CloseCode::Replaced, "another session took over this character");
            notify(&before.door, Mail::CharacterGone { character: member.id, farewell: Some(farewell) });
        }
        let (location, position) = self.possible_place(whereabouts);
        let faction = RoomKey::Faction(member.faction.clone());
        let shard = self.shard_of(location);
        self.playing = Some(Playing {
            character,
            location,
            place: Placed { shard, door: None },
            global: Joined { key: RoomKey::Global, door: None },
            faction: Joined { key: faction.clone(), door: None },
            say: Joined { key: RoomKey::Say(location), door: None },
            travelling: None,
            bound_for: None,
            member,
        });
        log::info!("session {}: character {} enters the world", self.id, self.name());
        for room in [RoomKey::Global, faction, RoomKey::Say(location)] {
            self.join(&room, true, ctx);
        }
        self.arrive(Some(position), ctx);
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

    /// Enters (again) the shard that simulates the character's location.
    fn arrive(&mut self, position: Option<protocol::movement::Position>, ctx: &mut Ctx<Self>) {
        let Some(newcomer) = self.newcomer() else { return };
        let watcher = self.watcher();
        let Some(playing) = self.playing.as_mut() else { return };
        let arrival = Arrival { location: playing.location, position, from: None, exempt: true };
        let shard = playing.place.shard.clone();
        match self.world.shards().find_watched(&self.world, &shard, || (), watcher) {
            Ok(door) => {
                let reply = Reply { who: playing.member.id, outbox: self.outbox.clone(), ticket: None };
                notify(&door, host::Mail::Enter { newcomer, entry: arrival, reply });
                playing.place.door = Some(door);
            }
            Err(rests) => return_later(VenueName::Shard(shard), rests.retry_after_ms, ctx),
        }
    }

    /// Enters (again) a room. `fresh`: a newcomer, who gets to read the history.
    fn join(&mut self, key: &RoomKey, fresh: bool, ctx: &mut Ctx<Self>) {
        let Some(newcomer) = self.newcomer() else { return };
        let watcher = self.watcher();
        let wants_history = fresh && self.outbox.dialect().is_v1();
        let found = self.world.rooms().find_watched(&self.world, key, || (), watcher);
        let outbox = self.outbox.clone();
        let Some(joined) = self.playing.as_mut().and_then(|playing| playing.room_mut(key)) else { return };
        match found {
            Ok(door) => {
                let reply = Reply { who: newcomer.member.id, outbox, ticket: None };
                notify(&door, host::Mail::Enter { newcomer, entry: RoomEntry { wants_history }, reply });
                joined.door = Some(door);
            }
            Err(rests) => return_later(VenueName::Room(key.clone()), rests.retry_after_ms, ctx),
        }
    }

    /// A venue is gone with what waited in its mailbox: say so, and go there again.
    pub(super) fn venue_died(&mut self, venue: &VenueName, ctx: &mut Ctx<Self>) {
        let busy = ErrorMessage::new(ErrorCode::Busy, format!("the {venue} is restarting: try again"))
            .with("retry_after_ms", 1_000);
        self.outbox.refuse_open(Some(venue), &busy, self.wall_ms());
        if let Some(playing) = self.playing.as_mut() {
            playing.forget_door(venue);
        }
        self.come_back(venue, ctx);
    }

    pub(super) fn come_back(&mut self, venue: &VenueName, ctx: &mut Ctx<Self>) {
        let Some(playing) = self.playing.as_ref() else { return };
        match venue {
            VenueName::Room(key) => {
                if playing.room(key).is_some_and(|joined| joined.door.is_none()) {
                    self.join(key, false, ctx);
                }
            }
            VenueName::Shard(shard) => {
                if playing.place.shard == *shard && playing.place.door.is_none() {
                    self.return_to_shard(ctx);
                }
            }
        }
    }

    /// The shard's own memory of the position is gone with it; the disk has the last committed one.
    fn return_to_shard(&mut self, ctx: &mut Ctx<Self>) {
        let Some(id) = self.playing.as_ref().map(|playing| playing.member.id) else { return };
        let last = self.world.store().read(storage::characters::whereabouts(vec![id]));
        ctx.wait(wrap_future(last).map(move |last, shell: &mut Shell<Self>, ctx| {
            let position = last.ok().and_then(|all| all.first().map(|whereabouts| whereabouts.position));
            shell.entity.arrive(position, ctx);
        }));
    }

    /// News from the shard: the character is in this location now.
    pub(super) fn placed(&mut self, location: LocationId, ctx: &mut Ctx<Self>) {
        let (id, shard) = (self.id, self.shard_of(location));
        let Some(playing) = self.playing.as_mut() else { return };
        if playing.location == location {
            return;
        }
        playing.location = location;
        playing.travelling = None;
        playing.character.location_id = location;
        let who = playing.member.id;
        if playing.place.shard != shard {
            let arrived = match playing.bound_for.take() {
                Some(bound_for) if bound_for.shard == shard => bound_for,
                _ => Placed { shard, door: None },
            };
            let left = std::mem::replace(&mut playing.place, arrived);
            if let Some(door) = left.door {
                let exit = Departure { to: Some(location) };
                notify(&door, host::Mail::Leave { who, session: id, exit, gone: None });
            }
            self.world.shards().unwatch(&left.shard, id);
        }
        let said = std::mem::replace(&mut playing.say, Joined { key: RoomKey::Say(location), door: None });
        self.leave_room(said, who);
        self.join(&RoomKey::Say(location), true, ctx);
    }

    /// Gives the character up: out of every venue. `gone` hears when its position is on disk; `forget`: the
    /// session does not come back with it.
    pub(super) fn leave_world(&mut self, gone: Option<oneshot::Sender<()>>, forget: bool) {
        let Some(playing) = self.playing.take() else { return };
        let (id, who) = (self.id, playing.member.id);
        log::info!("session {id}: character {} leaves the world", playing.member.name);
        self.world.directory().release(who, id);
        for joined in [playing.global, playing.faction, playing.say] {
            self.leave_room(joined, who);
        }
        if let Some(bound_for) = playing.bound_for {
            self.leave_shard(bound_for, who, None);
        }
        self.leave_shard(playing.place, who, gone);
        if forget {
            let write = storage::sessions::set_character(id, None);
            let forgotten = self.world.store().write(write);
            actix_rt::spawn(async move {
                if let Err(error) = forgotten.await {
                    log::warn!("session {id}: that it plays nobody could not be saved: {error}");
                }
            });
        }
    }

    /// `gone` hears when the last position is on disk; dropped, when there was nothing to save.
    fn leave_shard(&self, placed: Placed, who: CharacterId, gone: Option<oneshot::Sender<()>>) {
        if let Some(door) = placed.door {
            notify(&door, host::Mail::Leave { who, session: self.id, exit: Departure::default(), gone });
        }
        self.world.shards().unwatch(&placed.shard, self.id);
    }

    fn leave_room(&self, joined: Joined, who: CharacterId) {
        if let Some(door) = joined.door {
            notify(&door, host::Mail::Leave { who, session: self.id, exit: (), gone: None });
        }
        self.world.rooms().unwatch(&joined.key, self.id);
    }

    /// Another session took the character, or it was deleted.
    pub(super) fn character_gone(
        &mut self,
        character: CharacterId,
        farewell: Option<Farewell>,
        _: &mut Ctx<Self>,
    ) {
        if self.playing.as_ref().is_none_or(|playing| playing.member.id != character) {
            return;
        }
        self.leave_world(None, true);
        if let Some(farewell) = farewell {
            self.outbox.push(&Frame::new(farewell.disconnect(), self.wall_ms()));
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

    pub(super) fn tell_own_state(&self, ticket: &Ticket) {
        match &self.playing {
            Some(playing) => self.answer(ticket, ServerMessage::CharacterUpdate(playing.own_update())),
            None => self.refuse(ticket, no_character()),
        }
    }

    fn newcomer(&self) -> Option<Newcomer> {
        let member = self.playing.as_ref()?.member.clone();
        Some(Newcomer { member, session: self.id, outbox: self.outbox.clone(), door: self.own_door()? })
    }

    fn watcher(&self) -> Option<Watcher> {
        Some(Watcher { session: self.id, door: self.own_door()? })
    }

    fn own_door(&self) -> Option<Door<Self>> {
        self.world.sessions().running(&self.id)
    }

    pub(super) fn shard_of(&self, location: LocationId) -> String {
        let content = self.world.content();
        content.location(location).unwrap_or_else(|| content.start()).world_shard.clone()
    }

    fn name(&self) -> &str {
        self.playing.as_ref().map_or("nobody", |playing| &playing.member.name)
    }
}

impl Playing {
    pub fn room(&self, key: &RoomKey) -> Option<&Joined> {
        [&self.global, &self.faction, &self.say].into_iter().find(|joined| joined.key == *key)
    }

    fn room_mut(&mut self, key: &RoomKey) -> Option<&mut Joined> {
        [&mut self.global, &mut self.faction, &mut self.say].into_iter().find(|joined| joined.key == *key)
    }

    fn forget_door(&mut self, venue: &VenueName) {
        match venue {
            VenueName::Room(key) => {
                if let Some(joined) = self.room_mut(key) {
                    joined.door = None;
                }
            }
            VenueName::Shard(shard) => {
                if self.place.shard == *shard {
                    self.place.door = None;
                }
                if self.bound_for.as_ref().is_some_and(|placed| placed.shard == *shard) {
                    self.bound_for = None;
                }
            }
        }
    }

    fn own_update(&self) -> CharacterUpdate {
        let (character, resources) = (&self.character, &self.character.resources);
        CharacterUpdate {
            character_id: character.id,
            character_name: character.name.clone(),
            location_id: Some(self.location),
            position: None,
            velocity: None,
            health: Some(resources.health),
            max_health: Some(resources.max_health),
            mana: Some(resources.mana),
            max_mana: Some(resources.max_mana),
            stamina: Some(resources.stamina),
            max_stamina: Some(resources.max_stamina),
            level: Some(character.progression.level),
            faction: Some(character.faction.clone()),
        }
    }
}

/// An answer that was kept on disk, as the message it was.
pub fn kept_message(text: &str) -> Option<ServerMessage> {
    codec::decode::<ServerMessage>(Dialect::V1Json, text.as_bytes()).ok().map(|incoming| incoming.message)
}

pub fn no_character() -> ErrorMessage {
    ErrorMessage::new(ErrorCode::NoCharacter, "select a character first: character_select {character_id}")
}

fn return_later(venue: VenueName, after_ms: u64, ctx: &mut Ctx<Session>) {
    let after = std::time::Duration::from_millis(after_ms);
    ctx.run_later(after, move |shell, ctx| {
        crate::entity::Entity::receive(&mut shell.entity, Mail::Return(venue), ctx);
    });
}
