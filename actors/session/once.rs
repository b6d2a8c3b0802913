//! Makes what a client asks a command, once: what was done before under the same name is answered again.

use actix::AsyncContext;
use actix::fut::{ActorFutureExt, wrap_future};
use protocol::{ClientMessage, Incoming, MessageId, ServerMessage};

use crate::commands::{Begun, Ticket};
use crate::entity::{Ctx, Shell};
use crate::faults;
use crate::repeats::kept_message;
use crate::session::limits::{self, Verdict};
use crate::session::{Asked, Session};

impl Session {
    /// Makes a message a command, unless it was one before.
    pub(super) fn open(&mut self, incoming: Incoming<ClientMessage>, ctx: &mut Ctx<Self>) {
        if let ClientMessage::Move(step) = &incoming.message
            && incoming.message_id.is_none()
            && self.is_here(step.to_location_id)
        {
            faults::hit("move");
            return self.step(step, None);
        }
        match self.outbox.begin(incoming.message_id) {
            Begun::New(ticket) if self.may_be_a_repeat(&ticket) => {
                self.look_up(ticket, incoming.message, ctx)
            }
            Begun::New(ticket) => self.act(ticket, incoming.message, ctx),
            Begun::UnderWay => {}
            Begun::Answered(frame) => self.outbox.push(&frame),
        }
    }

    fn may_be_a_repeat(&self, ticket: &Ticket) -> bool {
        ticket.message_id.is_some() && self.playing.is_some() && self.outbox.has_forgotten()
    }

    /// The disk remembers answers that the outbox has forgotten; later messages wait, to stay in order.
    fn look_up(&mut self, ticket: Ticket, message: ClientMessage, ctx: &mut Ctx<Self>) {
        let (Some(playing), Some(id)) = (&self.playing, &ticket.message_id) else {
            return self.act(ticket, message, ctx);
        };
        let found = self.world.store().read(storage::answers::find(playing.member.id, id.to_string()));
        ctx.wait(wrap_future(found).map(move |found, shell: &mut Shell<Self>, ctx| {
            let session = &mut shell.entity;
            match found.ok().flatten().and_then(|text| kept_message(&text)) {
                Some(answer) => session.outbox.answer(&ticket, answer, session.wall_ms()),
                None => session.act(ticket, message, ctx),
            }
        }));
    }

    /// A request over REST. What has a name may have been done before, by an earlier process too.
    pub(super) fn act_for(
        &mut self,
        message: ClientMessage,
        message_id: Option<MessageId>,
        to: Asked<ServerMessage>,
        ctx: &mut Ctx<Self>,
    ) {
        match self.limits.check(&message, 0) {
            Verdict::Pass | Verdict::Coalesce => {
                let ticket = self.outbox.begin_for(message_id, to);
                self.look_up(ticket, message, ctx);
            }
            // Whoever asked may have given up.
            Verdict::Refuse(wait) | Verdict::Strike(wait) => drop(to.send(Err(limits::limited(wait)))),
        }
    }
}
