//! How a session ends: nobody came back, or it is no more.

use actix::fut::{ActorFutureExt, wrap_future};
use actix::{ActorContext, AsyncContext};
use protocol::CloseCode;
use tokio::sync::oneshot;

use crate::entity::{Ctx, Shell};
use crate::outbox::Farewell;
use crate::session::Session;

impl Session {
    pub(super) fn grace_over(&mut self, ctx: &mut Ctx<Self>) {
        if self.outbox.is_linked() {
            return;
        }
        // First: who signs in as soon as the leaving is told must not be back with the character.
        let id = self.id;
        let forgotten = self.world.store().write(storage::sessions::set_character(id, None));
        ctx.wait(wrap_future(forgotten).map(
            move |forgotten, shell: &mut Shell<Self>, ctx: &mut Ctx<Self>| {
                if let Err(error) = forgotten {
                    log::warn!("session {id}: that it plays nobody could not be saved: {error}");
                }
                shell.entity.stop(&Farewell::new(CloseCode::GoingAway, "no connection for too long"), ctx);
            },
        ));
    }

    pub(super) fn end(&mut self, farewell: Farewell, to: Option<oneshot::Sender<()>>, ctx: &mut Ctx<Self>) {
        let (gone, left) = oneshot::channel();
        self.leave_world(Some(gone), false);
        ctx.wait(wrap_future(left).map(move |_, shell: &mut Shell<Self>, ctx: &mut Ctx<Self>| {
            shell.entity.stop(&farewell, ctx);
            if let Some(to) = to {
                // Whoever asked may have given up.
                let _ = to.send(());
            }
        }));
    }

    /// Says goodbye to the connection and lets the registry forget this session.
    pub(super) fn stop(&mut self, farewell: &Farewell, ctx: &mut Ctx<Self>) {
        self.leave_world(None, false);
        self.outbox.end_link(farewell.clone());
        self.world.sessions().forget(&self.id, self.generation);
        ctx.stop();
    }
}
