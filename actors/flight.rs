//! Inputs on their way to the disk, and what leaves when they have landed.

mod fan_out;
mod release;

pub use release::{Flights, Released};

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use protocol::session::Done;
use protocol::{CharacterId, Dialect, ErrorCode, ErrorMessage, ServerMessage, SessionId, Stamp, codec};
use rules::venue::{Effect, Found, Save};
use storage::requests::Keep;
use storage::{Lineage, Pending, StoreError};
use tokio::sync::oneshot;

use crate::clock::unix_seconds;
use crate::frame::{Frame, SharedFrame};
use crate::host::Reply;
use crate::notify::notify;
use crate::outbox::Outbox;
use crate::seats::Seats;
use crate::session;
use crate::world::World;

/// Comes when what an input saved is on the disk.
pub struct Receipt {
    landed: Pending<()>,
    /// Whose snapshots are older than it.
    outdates: Option<World>,
}

impl Future for Receipt {
    type Output = Result<(), StoreError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<Self::Output> {
        let landed = ready!(Pin::new(&mut self.landed).poll(cx));
        if let Some(world) = self.outdates.take() {
            world.snapshots().outdate();
        }
        Poll::Ready(landed)
    }
}

/// How an input ended for whoever sent it.
#[derive(Debug)]
pub enum Outcome {
    Done,
    Refused(ErrorMessage),
}

/// One input whose events have not all left.
pub struct Flight {
    pub number: u64,
    wall_ms: i64,
    receipt: Option<Receipt>,
    pub reply: Option<Reply>,
    outcome: Outcome,
    told: VecDeque<Effect>,
    answered: bool,
    pub leaver: Option<(CharacterId, SessionId)>,
    pub gone: Option<oneshot::Sender<()>>,
}

/// When what an input saves has to be on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// Before anybody hears of it.
    Now,
    /// With the next that is synced, unless it is lasting: a power cut may lose it, the death of the process can't.
    Later,
}

impl Flight {
    pub fn new(
        number: u64,
        wall_ms: i64,
        receipt: Option<Receipt>,
        reply: Option<Reply>,
        outcome: Outcome,
        told: Vec<Effect>,
    ) -> Self {
        Self {
            number,
            wall_ms,
            receipt,
            reply,
            outcome,
            told: told.into(),
            answered: false,
            leaver: None,
            gone: None,
        }
    }

    /// Nothing to wait for and nobody to tell.
    pub fn is_empty(&self) -> bool {
        let refused = matches!(self.outcome, Outcome::Refused(_));
        let answers = self.reply.as_ref().is_some_and(|reply| refused || reply.ticket.is_some());
        self.receipt.is_none() && !answers && self.told.is_empty()
    }

    /// `before` is called before something is put into an outbox; with the others alike.
    fn answer(&mut self, message: ServerMessage, before: impl FnOnce(&Arc<Outbox>)) {
        self.answered = true;
        let Some(reply) = &self.reply else { return };
        before(&reply.outbox);
        match &reply.ticket {
            Some(ticket) => reply.outbox.answer(ticket, message, self.wall_ms),
            None => reply.outbox.push(&Frame::new(message, self.wall_ms)),
        }
    }

    fn frame(&self, message: ServerMessage) -> SharedFrame {
        Frame::new(message, self.wall_ms)
    }

    /// The reply of an input that was refused goes first: what else it tells explains it.
    fn refuse_first(&mut self, before: impl FnOnce(&Arc<Outbox>)) {
        if let Outcome::Refused(error) = &self.outcome
            && !self.answered
        {
            self.answered = true;
            if let Some(reply) = &self.reply {
                before(&reply.outbox);
                reply.refuse(error.clone(), self.wall_ms);
            }
        }
    }

    /// The session goes on with the command, and answers it. It has to be the one that asked: another one of the same
    /// character has other commands.
    fn hand_back(&mut self, seats: &Seats, found: Found) {
        let Some(Reply { who, ticket: Some(ticket), outbox }) = self.reply.clone() else { return };
        self.answered = true;
        match seats.get(&who).filter(|seat| Arc::ptr_eq(&seat.outbox, &outbox)) {
            Some(seat) => {
                let epoch = seat.member.epoch;
                notify(&seat.door, session::Mail::HandedBack { who, epoch, ticket, found });
            }
            None => outbox.refuse(&ticket, gone(), self.wall_ms),
        }
    }

    fn finish(&mut self, before: impl FnOnce(&Arc<Outbox>)) {
        if !self.answered
            && let Some(reply) = &self.reply
            && let Some(ticket) = &reply.ticket
        {
            before(&reply.outbox);
            reply.outbox.done(ticket, self.wall_ms);
        }
        if let Some(gone) = self.gone.take() {
            // Whoever waited may have given up.
            let _ = gone.send(());
        }
    }
}

/// Whoever asked is not there any more: nothing was done.
pub fn gone() -> ErrorMessage {
    ErrorMessage::new(ErrorCode::NoCharacter, "your character has left meanwhile: nothing was done")
}

/// How a host's inputs get to the disk, each after those before it.
pub struct Journal {
    world: World,
    lineage: Lineage,
}

impl Journal {
    pub fn new(world: World) -> Self {
        Self { world, lineage: Lineage::default() }
    }

    /// The host begins anew from what is on the disk.
    pub fn begin_anew(&mut self) {
        self.lineage = Lineage::default();
    }

    /// Hands an input's facts to the store, with the answer that a retry of the command would get, or what is kept for one
    /// of the request.
    pub fn save(
        &self,
        sync: Sync,
        saves: Vec<Save>,
        keep: Option<Keep<()>>,
        reply: Option<&Reply>,
        told: &[Effect],
        wall_ms: i64,
    ) -> Option<Receipt> {
        if saves.is_empty() && keep.is_none() {
            return None;
        }
        let answer = reply.and_then(|reply| {
            let message_id = reply.ticket.as_ref()?.message_id.clone()?;
            let done = ServerMessage::Ok(Done {});
            let message = told.iter().find_map(|effect| match effect {
                Effect::Answer(message) => Some(message),
                _ => None,
            });
            let text = answer_text(message.unwrap_or(&done), wall_ms);
            Some((reply.who, message_id.into_string(), text))
        });
        let synced = keep.is_some()
            || match sync {
                Sync::Now => !saves.iter().all(Save::is_passing),
                Sync::Later => saves.iter().any(Save::is_lasting),
            };
        let outdates = saves.iter().any(Save::shows_to_all).then(|| self.world.clone());
        let write = storage::saves::apply(saves, answer, wall_ms).keeping(keep).following(&self.lineage);
        let landed = self.world.store().write(if synced { write } else { write.unsynced() });
        Some(Receipt { landed, outdates })
    }
}

/// An answer as the store keeps it for retries.
pub fn answer_text(message: &ServerMessage, wall_ms: i64) -> String {
    let stamp = Stamp { timestamp: unix_seconds(wall_ms), message_id: None, ack: None };
    String::from_utf8(codec::encode(Dialect::V1Json, message, stamp)).unwrap_or_default()
}
