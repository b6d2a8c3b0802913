//! A connection's way into its session: what needs the session goes into its mailbox, the rest is done on the spot.

use std::sync::Arc;

use protocol::session::Pong;
use protocol::{
    AccountId, ClientMessage, ErrorCode, ErrorMessage, Incoming, MessageId, ServerMessage, SessionId,
};

use crate::clock::unix_seconds;
use crate::entity::{Door, Undelivered};
use crate::frame::Frame;
use crate::limits::Bucket;
use crate::outbox::{Farewell, LinkNumber, Outbox};
use crate::session::{Mail, Session};
use crate::world::World;

/// See the module.
pub struct Inlet {
    pub account: AccountId,
    pub session: SessionId,
    pub link: LinkNumber,
    pub outbox: Arc<Outbox>,
    pub(super) slot: Slot,
    /// Of the session.
    pub(super) arbiter: usize,
    /// A message of this connection may wait for others: what comes after it must not overtake it.
    pub(super) may_wait: bool,
    /// The session's own: it counts all messages, wherever they are handled.
    pub(super) messages: Arc<Bucket>,
    pub(super) acks: Bucket,
}

impl Inlet {
    /// Something came in: the client lives.
    pub fn heard(&self) {
        self.outbox.heard(self.link, self.slot.world.clock().mono_ms());
    }

    /// Whether somebody may wait for what becomes of a message: not of what is said all the time, and without a name.
    pub fn answers(incoming: &Incoming<ClientMessage>) -> bool {
        let is_passing = matches!(
            incoming.message,
            ClientMessage::Ack(_) | ClientMessage::Move(_) | ClientMessage::Pong(_)
        );
        !is_passing || incoming.message_id.is_some()
    }

    /// Takes a message that is so many bytes long. Acknowledgements and pings without a name need no session: the hop
    /// to it would cost more than all the rest. A step waits a moment for others.
    ///
    /// # Errors
    /// [`Undelivered`]; the client was told.
    pub fn receive(&mut self, incoming: Incoming<ClientMessage>, bytes: usize) -> Result<(), Undelivered> {
        self.heard();
        match &incoming.message {
            ClientMessage::Ack(ack) if incoming.message_id.is_none() => {
                self.acknowledge(ack.seq.max(incoming.ack.unwrap_or(0)));
                Ok(())
            }
            ClientMessage::Move(_) if incoming.message_id.is_none() => {
                let mail = Mail::Received { link: self.link, incoming: Box::new(incoming), bytes };
                self.may_wait = true;
                self.slot.world.post_soon(self.arbiter, self.slot.clone(), mail);
                Ok(())
            }
            ClientMessage::Ping(_) if self.may_pong(&incoming, bytes) => {
                self.pong();
                Ok(())
            }
            _ => {
                let id = incoming.message_id.clone();
                self.post(Mail::Received { link: self.link, incoming: Box::new(incoming), bytes }, id)
            }
        }
    }

    /// Takes something that is no message.
    ///
    /// # Errors
    /// [`Undelivered`]; the client was told.
    pub fn malformed(
        &mut self,
        error: ErrorMessage,
        message_id: Option<MessageId>,
        bytes: usize,
    ) -> Result<(), Undelivered> {
        self.heard();
        let id = message_id.clone();
        self.post(Mail::Malformed { link: self.link, error, message_id, bytes }, id)
    }

    /// The socket is gone.
    pub fn detach(&self) {
        self.outbox.detach(self.link, self.slot.world.clock().mono_ms());
    }

    /// One too many is left out, nothing worse: the next says more.
    fn acknowledge(&self, seq: u64) {
        let counts = !self.slot.world.options().limits_enabled || self.acks.take().is_ok();
        if counts && self.outbox.hears(self.link) {
            self.outbox.acknowledge(seq);
        }
    }

    /// Whether a ping can be answered here: not before what came earlier and waits for the session, and not beyond the
    /// limit, which the session sees to.
    fn may_pong(&self, incoming: &Incoming<ClientMessage>, bytes: usize) -> bool {
        let is_plain = incoming.message_id.is_none() && incoming.ack.is_none() && bytes <= 1024;
        is_plain
            && !self.may_wait
            && self.slot.door.vitals().depth() == 0
            && self.outbox.hears(self.link)
            && (!self.slot.world.options().limits_enabled || self.messages.take().is_ok())
    }

    fn pong(&self) {
        let wall_ms = self.slot.world.clock().now().wall_ms;
        let pong = Pong { server_time: unix_seconds(wall_ms) };
        self.outbox.push(&Frame::new(ServerMessage::Pong(pong), wall_ms));
    }

    /// Posts it now, behind what waits.
    fn post(&mut self, mail: Mail, id: Option<MessageId>) -> Result<(), Undelivered> {
        if std::mem::take(&mut self.may_wait) {
            self.slot.world.post_waiting(self.arbiter);
        }
        self.slot.post(mail, id)
    }
}

/// Where a session's mail goes.
#[derive(Clone)]
pub(crate) struct Slot {
    pub(super) world: World,
    pub(super) session: SessionId,
    pub(super) door: Door<Session>,
    pub(super) outbox: Arc<Outbox>,
}

impl Slot {
    /// The mailbox is bounded: a client that fills it is told so.
    pub(super) fn post(&mut self, mail: Mail, id: Option<MessageId>) -> Result<(), Undelivered> {
        if !self.door.is_open() {
            self.find_door();
        }
        self.door.post(mail).inspect_err(|undelivered| {
            let reason = match undelivered {
                Undelivered::Full => "your session is overloaded: try again",
                Undelivered::Closed => "your session is restarting: try again",
            };
            let busy = ErrorMessage::new(ErrorCode::Busy, reason).with("retry_after_ms", 200);
            let wall_ms = self.world.clock().now().wall_ms;
            self.outbox.push(&Frame::answering(id, ServerMessage::Error(busy), wall_ms));
        })
    }

    /// The session began anew, or it can't any more.
    fn find_door(&mut self) {
        match self.world.session(self.session) {
            Ok(door) => self.door = door,
            Err(_) => {
                let farewell = Farewell::new(protocol::CloseCode::Internal, "this session failed too often");
                self.outbox.end_link(farewell);
            }
        }
    }
}
