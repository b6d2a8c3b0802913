//! A session that panics in a message: the sender is told, and it begins anew with what is on disk.

use std::panic::{AssertUnwindSafe, catch_unwind};

use actix::ActorContext;
use protocol::{ErrorCode, ErrorMessage};

use crate::entity::{Ctx, Entity};
use crate::session::Session;

impl Session {
    /// Does what came in on a connection. What waits in the mailbox behind a panic is not lost: it waits on.
    pub(super) fn guarded(&mut self, ctx: &mut Ctx<Self>, work: impl FnOnce(&mut Self, &mut Ctx<Self>)) {
        let before = self.outbox.last_ticket();
        if catch_unwind(AssertUnwindSafe(|| work(self, ctx))).is_ok() {
            return;
        }
        let internal = ErrorMessage::new(ErrorCode::Internal, "a defect of ours: nothing was changed");
        if !self.outbox.refuse_since(before, &internal, self.wall_ms()) {
            self.refuse_unopened(internal, None);
        }
        self.stumble(ctx);
    }

    /// The state may be half changed: it goes, and what was last committed comes back.
    fn stumble(&mut self, ctx: &mut Ctx<Self>) {
        if !self.world.sessions().stumbled(&self.world, &self.id) {
            log::error!("session {} panicked too often: it rests", self.id);
            return ctx.stop();
        }
        log::error!("session {} panicked: it begins anew", self.id);
        self.late_move = None;
        if let Some(playing) = self.playing.take() {
            // It comes back to where the disk has it, which may be another place than it knew of.
            self.leave_room(playing.say, playing.member.id);
            if let Some(bound_for) = playing.bound_for {
                self.leave_shard(bound_for, playing.member.id, None);
            }
        }
        self.started(ctx);
    }
}
