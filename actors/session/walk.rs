//! Where a session's character goes: smooth steps, and ways to other locations.

use std::time::Duration;

use actix::AsyncContext;
use protocol::movement::Move;
use protocol::{ClientMessage, ErrorCode, ErrorMessage, Incoming, LocationId};
use rules::movement::check_way;
use rules::world_shard::{Arrival, WorldCommand};

use crate::commands::Ticket;
use crate::entity::{Ctx, Undelivered, Watcher};
use crate::host::{self, Newcomer, Reply};
use crate::notify::notify;
use crate::registry::VenueName;
use crate::session::Session;
use crate::session::play::{Placed, no_character};

/// How long a move that came too early is kept for the latest to win.
const LATE_MOVE: Duration = Duration::from_millis(60);

impl Session {
    /// Whether `to` means the location one is in.
    pub(super) fn is_here(&self, to: LocationId) -> bool {
        to == LocationId::SAME || self.playing.as_ref().is_some_and(|playing| playing.location == to)
    }

    pub(super) fn walk(&mut self, step: &Move, ticket: Ticket, ctx: &mut Ctx<Self>) {
        if self.is_here(step.to_location_id) {
            self.step(step, Some(ticket));
        } else {
            self.travel(step, ticket, ctx);
        }
    }

    /// A smooth step. Without a ticket, only a rejection is told.
    pub(super) fn step(&mut self, step: &Move, ticket: Option<Ticket>) {
        let reply_to = |who| Reply { who, outbox: self.outbox.clone(), ticket: ticket.clone() };
        let Some(playing) = &self.playing else {
            let reply = reply_to(protocol::CharacterId(0));
            return reply.refuse(no_character(), self.wall_ms());
        };
        let who = playing.member.id;
        let reply = reply_to(who);
        let Some(position) = step.position else {
            // "I am where I am": nothing to do, and nothing wrong.
            if let Some(ticket) = &ticket {
                self.done(ticket);
            }
            return;
        };
        let command = WorldCommand::Move { position, velocity: step.velocity };
        self.send_to_shard(command, reply);
    }

    /// Posts a command to the shard that simulates the character.
    pub(super) fn send_to_shard(&self, command: WorldCommand, reply: Reply) {
        let Some(playing) = &self.playing else { return };
        let Some(door) = &playing.place.door else {
            return reply.refuse(busy(&VenueName::Shard(playing.place.shard.clone())), self.wall_ms());
        };
        let name = VenueName::Shard(playing.place.shard.clone());
        if let Some(ticket) = &reply.ticket {
            self.outbox.entrust(ticket, name.clone());
        }
        let mail =
            host::Mail::Command { who: playing.member.id, session: self.id, command, reply: reply.clone() };
        match door.post(mail) {
            Ok(()) => {}
            // Closed: the death notice is on its way and brings the character back.
            Err(Undelivered::Full | Undelivered::Closed) => reply.refuse(busy(&name), self.wall_ms()),
        }
    }

    fn travel(&mut self, step: &Move, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let Some(playing) = &self.playing else { return self.refuse(&ticket, no_character()) };
        let is_under_way = playing.travelling.as_ref().is_some_and(|before| self.outbox.is_open(before));
        if is_under_way || playing.held_way.is_some() {
            let error = ErrorMessage::new(ErrorCode::MoveRejected, "still on the way to another location");
            return self.refuse(&ticket, error);
        }
        if let Some(fight) = playing.fight.as_ref().filter(|fight| !fight.over) {
            let error = ErrorMessage::new(ErrorCode::MoveRejected, "nobody walks out of a fight: flee first");
            return self.refuse(&ticket, error.with("combat_id", fight.id.to_string()));
        }
        let to = match check_way(self.world.content(), playing.location, step.to_location_id) {
            Ok(to) => to,
            Err(refusal) => {
                self.refuse(&ticket, refusal);
                return self.look(ctx);
            }
        };
        let (to, shard) = (to.id, to.world_shard.clone());
        if playing.arriving && shard != playing.place.shard {
            if let Some(playing) = self.playing.as_mut() {
                playing.held_way = Some((step.clone(), ticket));
            }
            return;
        }
        let reply =
            Reply { who: playing.member.id, outbox: self.outbox.clone(), ticket: Some(ticket.clone()) };
        if shard == playing.place.shard {
            self.send_to_shard(WorldCommand::Travel { to, position: step.position }, reply);
        } else {
            self.cross_over(shard, to, step, reply, ctx);
        }
        if let Some(playing) = self.playing.as_mut() {
            playing.travelling = Some(ticket);
        }
    }

    /// A shard has the character in this location now.
    pub(super) fn no_longer_arriving(&mut self, location: LocationId, ctx: &mut Ctx<Self>) {
        let shard = self.shard_of(location);
        if self.playing.as_ref().is_some_and(|playing| playing.place.shard == shard) {
            self.let_go(ctx);
        }
    }

    /// Nothing has to be waited for before a way to another shard.
    pub(super) fn let_go(&mut self, ctx: &mut Ctx<Self>) {
        let Some(playing) = self.playing.as_mut() else { return };
        playing.arriving = false;
        if let Some((step, ticket)) = playing.held_way.take() {
            self.travel(&step, ticket, ctx);
        }
    }

    /// Into another shard: that one takes the character in or refuses it; only then does the old one let go.
    fn cross_over(&mut self, shard: String, to: LocationId, step: &Move, reply: Reply, _: &mut Ctx<Self>) {
        let name = VenueName::Shard(shard.clone());
        let Some(own) = self.world.sessions().running(&self.id) else { return };
        let watcher = Watcher { session: self.id, door: own.clone() };
        let wall_ms = self.wall_ms();
        let Some(playing) = self.playing.as_mut() else { return };
        let newcomer = Newcomer {
            member: playing.member.clone(),
            session: self.id,
            outbox: self.outbox.clone(),
            door: own,
        };
        let Ok(door) = self.world.shards().find_watched(&self.world, &shard, || (), Some(watcher)) else {
            return reply.refuse(busy(&name), wall_ms);
        };
        if let Some(ticket) = &reply.ticket {
            self.outbox.entrust(ticket, name);
        }
        let arrival =
            Arrival { location: to, position: step.position, from: Some(playing.location), exempt: false };
        notify(&door, host::Mail::Enter { newcomer, entry: arrival, reply });
        let before = playing.bound_for.replace(Placed { shard, door: Some(door) });
        let now_in = playing.place.shard.clone();
        let who = playing.member.id;
        // It refused, or took the character in and its news is still to come: in both cases it is left.
        if let Some(before) = before
            && before.shard != now_in
            && self.bound_for() != Some(&before.shard)
        {
            self.leave_shard_for(to, before, who);
        }
    }

    fn bound_for(&self) -> Option<&String> {
        self.playing.as_ref()?.bound_for.as_ref().map(|placed| &placed.shard)
    }

    /// A newer move came before the late one's time. A named one still gets its answer, and a way to another
    /// location is no step that the next one replaces: these are overtaken, not lost.
    pub(super) fn overtake(&mut self, ctx: &mut Ctx<Self>) {
        let Some(late) = self.late_move.take() else { return };
        let ClientMessage::Move(step) = &late.message else { return };
        if late.message_id.is_some() || !self.is_here(step.to_location_id) {
            self.open(late, ctx);
        }
    }

    /// More moves than allowed: the latest wins, a little later.
    pub(super) fn walk_later(&mut self, incoming: Incoming<ClientMessage>, ctx: &mut Ctx<Self>) {
        let waiting = self.late_move.is_some();
        self.overtake(ctx);
        self.late_move = Some(incoming);
        if !waiting {
            ctx.run_later(LATE_MOVE, |shell, ctx| {
                if let Some(late) = shell.entity.late_move.take() {
                    shell.entity.open(late, ctx);
                }
            });
        }
    }
}

/// What a command is told whose venue can't take it now.
pub fn busy(venue: &VenueName) -> ErrorMessage {
    ErrorMessage::new(ErrorCode::Busy, format!("the {venue} can't take it now: try again"))
        .with("retry_after_ms", 500)
}
