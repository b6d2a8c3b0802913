//! The venues a session's character is in: entering, leaving, and coming back to one that died.

use std::time::Duration;

use actix::AsyncContext;
use actix::fut::{ActorFutureExt, wrap_future};
use protocol::movement::Position;
use protocol::{CharacterId, ErrorCode, ErrorMessage, LocationId};
use rules::quests::Deed;
use rules::room::RoomEntry;
use rules::venue::RoomKey;
use rules::world_shard::{Arrival, Departure};
use tokio::sync::oneshot;

use crate::entity::{Ctx, Door, Entity, Shell, Watcher};
use crate::host::{self, Newcomer, Reply};
use crate::notify::notify;
use crate::realms::TheRealm;
use crate::registry::VenueName;
use crate::session::play::{Joined, Placed, Playing};
use crate::session::{Mail, Session};

impl Session {
    /// Enters (again) the shard that simulates the character's location.
    pub(super) fn arrive(&mut self, position: Option<Position>, ctx: &mut Ctx<Self>) {
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
                playing.arriving = true;
            }
            Err(rests) => {
                return_later(VenueName::Shard(shard), rests.retry_after_ms, ctx);
                self.let_go(ctx);
            }
        }
    }

    /// A first v1 connection of somebody whose character was in the world before it: shows what was said lately.
    pub(super) fn read_up(&mut self, ctx: &mut Ctx<Self>) {
        let is_v1 = self.outbox.dialect().is_v1();
        let Some(playing) = self.playing.as_mut().filter(|playing| is_v1 && !playing.read_up) else { return };
        playing.read_up = true;
        for key in [playing.global.key.clone(), playing.faction.key.clone(), playing.say.key.clone()] {
            self.join(&key, true, ctx);
        }
    }

    /// Enters (again) a room. `fresh`: a newcomer, who gets to read the history.
    pub(super) fn join(&mut self, key: &RoomKey, fresh: bool, ctx: &mut Ctx<Self>) {
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

    /// Enters (again) the realm, where everybody is.
    pub(super) fn join_realm(&mut self, ctx: &mut Ctx<Self>) {
        let (Some(newcomer), watcher) = (self.newcomer(), self.watcher()) else { return };
        let outbox = self.outbox.clone();
        let found = self.world.realms().find_watched(&self.world, &TheRealm, || (), watcher);
        let Some(playing) = self.playing.as_mut() else { return };
        match found {
            Ok(door) => {
                let reply = Reply { who: newcomer.member.id, outbox, ticket: None };
                notify(&door, host::Mail::Enter { newcomer, entry: (), reply });
                playing.realm = Some(door);
            }
            Err(rests) => return_later(VenueName::Realm, rests.retry_after_ms, ctx),
        }
    }

    pub(super) fn leave_realm(&mut self) {
        let id = self.id;
        let Some(playing) = self.playing.as_mut() else { return };
        if let Some(door) = playing.realm.take() {
            notify(&door, host::Mail::Leave { who: playing.member.id, session: id, exit: (), gone: None });
        }
        self.world.realms().unwatch(&TheRealm, id);
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

    /// A venue could not take the character in, or lost it: go there again.
    pub(super) fn not_in(&mut self, venue: &VenueName, ctx: &mut Ctx<Self>) {
        if let Some(playing) = self.playing.as_mut() {
            playing.forget_door(venue);
        }
        self.come_back(venue, ctx);
    }

    pub(super) fn come_back(&mut self, venue: &VenueName, ctx: &mut Ctx<Self>) {
        let Some(playing) = self.playing.as_ref() else { return };
        match venue {
            VenueName::Trade(id) => self.trade_interrupted(id, ctx),
            VenueName::Room(key) => {
                if playing.room(key).is_some_and(|joined| joined.door.is_none()) {
                    self.join(key, false, ctx);
                }
            }
            VenueName::Combat(id) => self.look_for_fight(*id, ctx),
            VenueName::Party(id) => self.look_up_party(Some(*id), ctx),
            VenueName::Realm => {
                if playing.realm.is_none() {
                    self.join_realm(ctx);
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
        let shard = self.shard_of(location);
        let mut left = None;
        let Some(playing) = self.playing.as_mut() else { return };
        let bound_for = playing.bound_for.as_ref().is_some_and(|bound_for| bound_for.shard == shard);
        // A shard that was left meanwhile has nothing to say any more.
        if playing.location == location || (playing.place.shard != shard && !bound_for) {
            return;
        }
        playing.location = location;
        playing.character.location_id = location;
        let who = playing.member.id;
        if playing.place.shard != shard {
            let arrived = match playing.bound_for.take() {
                Some(bound_for) if bound_for.shard == shard => bound_for,
                _ => Placed { shard, door: None },
            };
            left = Some(std::mem::replace(&mut playing.place, arrived));
        }
        let said = std::mem::replace(&mut playing.say, Joined { key: RoomKey::Say(location), door: None });
        if let Some(left) = left {
            self.leave_shard_for(location, left, who);
        }
        self.leave_room(said, who);
        self.join(&RoomKey::Say(location), true, ctx);
        self.give_up_trade();
        self.note_deeds(&[Deed::Visited(location)], ctx);
    }

    /// `gone` hears when the last position is on disk; dropped, when there was nothing to save.
    pub(super) fn leave_shard(&self, placed: Placed, who: CharacterId, gone: Option<oneshot::Sender<()>>) {
        if let Some(door) = placed.door {
            notify(&door, host::Mail::Leave { who, session: self.id, exit: Departure::default(), gone });
        }
        self.world.shards().unwatch(&placed.shard, self.id);
    }

    /// Leaves a shard for a location elsewhere: that one's shard saves where the character is.
    pub(super) fn leave_shard_for(&self, to: LocationId, placed: Placed, who: CharacterId) {
        if let Some(door) = placed.door {
            let exit = Departure { to: Some(to) };
            notify(&door, host::Mail::Leave { who, session: self.id, exit, gone: None });
        }
        self.world.shards().unwatch(&placed.shard, self.id);
    }

    pub(super) fn leave_room(&self, joined: Joined, who: CharacterId) {
        if let Some(door) = joined.door {
            notify(&door, host::Mail::Leave { who, session: self.id, exit: (), gone: None });
        }
        self.world.rooms().unwatch(&joined.key, self.id);
    }

    pub(super) fn newcomer(&self) -> Option<Newcomer> {
        let member = self.playing.as_ref()?.member.clone();
        Some(Newcomer { member, session: self.id, outbox: self.outbox.clone(), door: self.own_door()? })
    }

    pub(super) fn watcher(&self) -> Option<Watcher> {
        Some(Watcher { session: self.id, door: self.own_door()? })
    }

    pub(super) fn own_door(&self) -> Option<Door<Self>> {
        self.world.sessions().running(&self.id)
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
            VenueName::Trade(_) => {}
            VenueName::Room(key) => {
                if let Some(joined) = self.room_mut(key) {
                    joined.door = None;
                }
            }
            VenueName::Party(id) => {
                if let Some(party) = self.party.as_mut().filter(|party| party.id == *id) {
                    party.door = None;
                }
            }
            VenueName::Combat(id) => {
                if let Some(fight) = self.fight.as_mut().filter(|fight| fight.id == *id) {
                    fight.door = None;
                }
            }
            VenueName::Realm => self.realm = None,
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
}

pub(super) fn return_later(venue: VenueName, after_ms: u64, ctx: &mut Ctx<Session>) {
    let after = Duration::from_millis(after_ms);
    ctx.run_later(after, move |shell, ctx| {
        Entity::receive(&mut shell.entity, Mail::Return(venue), ctx);
    });
}
