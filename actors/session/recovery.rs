//! A session that panics in a message: the sender is told, and it begins anew with what is on disk.

use std::panic::{AssertUnwindSafe, catch_unwind};

use actix::fut::{ActorFutureExt, wrap_future};
use actix::{ActorContext, AsyncContext};
use protocol::{CharacterId, ErrorCode, ErrorMessage, LocationId};
use rules::party::PartyExit;
use rules::venue::RoomKey;

use crate::entity::{Ctx, Entity, Shell};
use crate::session::{Mail, Session};

impl Session {
    /// Takes mail. What waits in the mailbox behind a panic is not lost: it waits on.
    pub(super) fn guarded(&mut self, mail: Mail, ctx: &mut Ctx<Self>) {
        let from_client = matches!(mail, Mail::Received { .. } | Mail::Malformed { .. });
        let before = self.outbox.last_ticket();
        if catch_unwind(AssertUnwindSafe(|| self.take_mail(mail, ctx))).is_ok() {
            return;
        }
        let internal = ErrorMessage::new(ErrorCode::Internal, "a defect of ours: nothing was changed");
        if !self.outbox.refuse_since(before, &internal, self.wall_ms()) && from_client {
            self.refuse_unopened(internal, None);
        }
        self.stumble(ctx);
    }

    /// Goes on when `work` is done; the mailbox waits. A panic in what follows ends no actor: what waits in the mailbox
    /// is not lost.
    pub(super) fn wait_for<T: 'static>(
        work: impl Future<Output = T> + 'static,
        ctx: &mut Ctx<Self>,
        then: impl FnOnce(&mut Self, T, &mut Ctx<Self>) + 'static,
    ) {
        ctx.wait(wrap_future(work).map(move |done, shell: &mut Shell<Self>, ctx: &mut Ctx<Self>| {
            let session = &mut shell.entity;
            if catch_unwind(AssertUnwindSafe(|| then(session, done, ctx))).is_err() {
                let internal = ErrorMessage::new(
                    ErrorCode::Internal,
                    "a defect of ours: look again at what has changed",
                );
                session.outbox.refuse_open(None, &internal, session.wall_ms());
                session.stumble(ctx);
            }
        }));
    }

    /// The state may be half changed: it goes, and what was last committed comes back.
    fn stumble(&mut self, ctx: &mut Ctx<Self>) {
        if !self.world.sessions().stumbled(&self.world, &self.id) {
            log::error!("session {} panicked too often: it rests", self.id);
            self.leave_world(None, false);
            return ctx.stop();
        }
        log::error!("session {} panicked: it begins anew", self.id);
        self.late_move = None;
        // What it knew of its venues is good enough to leave them, when the disk has said where it is.
        self.started(ctx);
    }

    /// Before a character is taken into this location: the one played so far leaves the world. If it is the same
    /// one, it only leaves where it will not be: nobody else notices that its session began anew.
    pub(super) fn make_way(&mut self, character: CharacterId, location: LocationId) {
        if self.playing.as_ref().is_none_or(|playing| playing.member.id != character) {
            return self.leave_world(None, false);
        }
        self.leave_trade();
        self.leave_party(PartyExit::default());
        let Some(mut playing) = self.playing.take() else { return };
        self.refuse_what_waits(&mut playing);
        if playing.say.key != RoomKey::Say(location) {
            self.leave_room(playing.say, character);
        }
        let shard = self.shard_of(location);
        for placed in playing.bound_for.into_iter().chain([playing.place]) {
            if placed.shard != shard {
                self.leave_shard(placed, character, None);
            }
        }
    }
}
