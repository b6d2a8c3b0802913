//! How a host ends: idle for long, or as soon as it is empty; and what it says when a commit failed.

use actix::ActorContext;
use protocol::{ErrorCode, ErrorMessage};
use storage::StoreError;

use crate::entity::Ctx;
use crate::errors::forgone;
use crate::host::{Host, Hosted};

impl<V: Hosted> Host<V> {
    pub(super) fn rest(&mut self, ctx: &mut Ctx<Self>) {
        let empty_ms = self.world.clock().mono_ms().saturating_sub(self.empty_since_ms);
        let may_rest = self.venue.as_ref().is_some_and(V::may_rest);
        let idle = V::PASSIVATES && may_rest && self.seats.is_empty() && self.flights.is_idle();
        if idle && empty_ms >= self.world.options().passivate_ms {
            self.let_go(ctx);
        }
    }

    /// What nobody can come back to is let go as soon as the last has left.
    pub(super) fn end_if_empty(&mut self, ctx: &mut Ctx<Self>) {
        if V::ENDS_EMPTY && self.seats.is_empty() && self.flights.is_idle() && self.venue.is_some() {
            self.let_go(ctx);
        }
    }

    /// Whose session died outright does not come back to what is over when it is left: it has begun anew elsewhere.
    pub(super) fn miss_the_dead(&mut self, ctx: &mut Ctx<Self>) {
        if !V::ENDS_EMPTY {
            return;
        }
        let dead = self.seats.values().filter(|seat| seat.until.is_none() && !seat.door.is_open());
        let dead: Vec<_> = dead.map(|seat| (seat.member.id, seat.session)).collect();
        for (who, session) in dead {
            V::table(&self.world).unwatch(&self.key, session);
            self.leave(who, session, V::Exit::default(), None, ctx);
        }
        self.end_if_empty(ctx);
    }

    /// Unless somebody watches it: who is on the way in does.
    fn let_go(&self, ctx: &mut Ctx<Self>) {
        if V::table(&self.world).let_go(&self.world, &self.key, self.generation, V::ENDS_EMPTY) {
            log::debug!("{} {} is idle: let go", V::KIND, self.key);
            ctx.stop();
        }
    }

    /// A commit failed: nothing unreleased was promised, and the state has to come from the disk again.
    pub(super) fn give_up_flights(&mut self, error: &StoreError) {
        let wall_ms = self.world.clock().now().wall_ms;
        let why = match error {
            StoreError::StaleEpoch | StoreError::StaleSheet | StoreError::Conflict("character") => {
                ErrorMessage::new(ErrorCode::Conflict, "a character has changed meanwhile: nothing else was")
            }
            StoreError::Forgone => forgone(),
            _ => ErrorMessage::new(ErrorCode::Storage, "it could not be saved: nothing was changed"),
        };
        for flight in self.flights.drain(..) {
            if let Some(reply) = flight.reply {
                reply.refuse(why.clone(), wall_ms);
            }
        }
        self.seats.retain(|_, seat| seat.until.is_none());
        self.note_members();
    }
}
