//! Inputs on their way to the disk, and what leaves when they have landed.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use protocol::session::Done;
use protocol::{CharacterId, Dialect, ErrorMessage, ServerMessage, SessionId, Stamp, codec};
use rules::venue::{Audience, Effect, Found, Member, News, Save};
use storage::{Pending, StoreError};
use tokio::sync::oneshot;

use crate::clock::unix_seconds;
use crate::entity::Door;
use crate::frame::{Frame, SharedFrame};
use crate::host::Reply;
use crate::notify::notify;
use crate::outbox::Outbox;
use crate::session::{self, Session};
use crate::world::World;

/// Recipients served, of one broadcast or several, before the arbiter's other entities get a turn: about a third of a
/// millisecond.
const FANOUT_TURN: usize = 1024;

/// A member's place in a venue.
#[derive(Debug)]
pub struct Seat {
    pub member: Member,
    pub session: SessionId,
    pub outbox: Arc<Outbox>,
    /// The session's own door, for news.
    pub door: Door<Session>,
    /// It hears what this input and later ones tell.
    pub since: u64,
    /// The input it came with, the last time.
    pub entered: u64,
    /// The input it left with.
    pub until: Option<u64>,
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
    receipt: Option<Pending<()>>,
    pub reply: Option<Reply>,
    outcome: Outcome,
    told: VecDeque<Effect>,
    answered: bool,
    fan_out: Option<FanOut>,
    pub leaver: Option<(CharacterId, SessionId)>,
    pub gone: Option<oneshot::Sender<()>>,
}

/// A broadcast under way; it ends before the next begins.
#[derive(Debug)]
struct FanOut {
    frame: SharedFrame,
    recipients: Vec<Arc<Outbox>>,
}

/// When what an input saves has to be on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// Before anybody hears of it.
    Now,
    /// With the next that is synced, unless it is lasting: a power cut may lose it, the death of the process can't.
    Later,
}

/// How far a release came.
#[derive(Debug)]
pub enum Released {
    /// A commit is under way, or others have a turn first; the task will be woken.
    Waiting,
    /// A seat was cleared on the way; there may be more.
    Left,
    /// Nothing is in flight.
    All,
    Failed(StoreError),
    /// A command had its effect before, so this input had none: the state is ahead of the disk.
    Repeated(Option<Reply>),
}

impl Flight {
    pub fn new(
        number: u64,
        wall_ms: i64,
        receipt: Option<Pending<()>>,
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
            fan_out: None,
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

    fn answer(&mut self, message: ServerMessage) {
        self.answered = true;
        let Some(reply) = &self.reply else { return };
        match &reply.ticket {
            Some(ticket) => reply.outbox.answer(ticket, message, self.wall_ms),
            None => reply.outbox.push(&Frame::new(message, self.wall_ms)),
        }
    }

    /// The reply of an input that was refused goes first: what else it tells explains it.
    fn refuse_first(&mut self) {
        if let Outcome::Refused(error) = &self.outcome
            && !self.answered
        {
            self.answered = true;
            if let Some(reply) = &self.reply {
                reply.refuse(error.clone(), self.wall_ms);
            }
        }
    }

    /// The session goes on with the command, and answers it.
    fn hand_back(&mut self, seats: &BTreeMap<CharacterId, Seat>, found: Found) {
        let Some(Reply { who, ticket: Some(ticket), .. }) = self.reply.clone() else { return };
        if let Some(seat) = seats.get(&who) {
            self.answered = true;
            notify(&seat.door, session::Mail::HandedBack { ticket, found });
        }
    }

    fn finish(&mut self) {
        if !self.answered
            && let Some(reply) = &self.reply
            && let Some(ticket) = &reply.ticket
        {
            reply.outbox.done(ticket, self.wall_ms);
        }
        if let Some(gone) = self.gone.take() {
            // Whoever waited may have given up.
            let _ = gone.send(());
        }
    }

    fn start_fan_out(
        &mut self,
        seats: &BTreeMap<CharacterId, Seat>,
        audience: &Audience,
        message: ServerMessage,
    ) {
        let number = self.number;
        let hears = |seat: &&Seat| seat.since <= number && seat.until.is_none_or(|until| number < until);
        let recipients = match audience {
            Audience::Everyone => seats.values().filter(hears).map(outbox_of).collect(),
            Audience::Except(who) => {
                seats.values().filter(|seat| seat.member.id != *who).filter(hears).map(outbox_of).collect()
            }
            Audience::These(ids) => {
                ids.iter().filter_map(|id| seats.get(id)).filter(hears).map(outbox_of).collect()
            }
        };
        self.fan_out = Some(FanOut { frame: Frame::new(message, self.wall_ms), recipients });
    }

    /// Serves as many of a broadcast as there is a turn for. True: there are more.
    fn fan_out(&mut self, turn: &mut usize) -> bool {
        let Some(fan_out) = &mut self.fan_out else { return false };
        let left = fan_out.recipients.len().saturating_sub(*turn);
        *turn = turn.saturating_sub(fan_out.recipients.len());
        for outbox in fan_out.recipients.drain(left..) {
            outbox.push(&fan_out.frame);
        }
        if left == 0 {
            self.fan_out = None;
        }
        left > 0
    }
}

/// News of before somebody came (again) is of no use to him: he knows better.
fn inform(seats: &BTreeMap<CharacterId, Seat>, number: u64, who: CharacterId, news: News) {
    let here = |seat: &&Seat| seat.entered <= number && seat.until.is_none();
    if let Some(seat) = seats.get(&who).filter(here) {
        if let News::Placed(location) = news {
            seat.outbox.stand_in(location);
        }
        notify(&seat.door, session::Mail::News { epoch: seat.member.epoch, who, news });
    }
}

fn outbox_of(seat: &Seat) -> Arc<Outbox> {
    seat.outbox.clone()
}

/// Releases, in input order, what has been committed.
pub fn release(
    flights: &mut VecDeque<Flight>,
    seats: &mut BTreeMap<CharacterId, Seat>,
    cx: &mut Context,
) -> Released {
    let mut turn = FANOUT_TURN;
    while let Some(flight) = flights.front_mut() {
        if let Some(receipt) = &mut flight.receipt {
            match Pin::new(receipt).poll(cx) {
                Poll::Pending => return Released::Waiting,
                Poll::Ready(Err(StoreError::Conflict("message_id"))) => {
                    return Released::Repeated(flights.pop_front().and_then(|flight| flight.reply));
                }
                Poll::Ready(Err(error)) => return Released::Failed(error),
                Poll::Ready(Ok(())) => flight.receipt = None,
            }
        }
        flight.refuse_first();
        loop {
            if flight.fan_out(&mut turn) {
                cx.waker().wake_by_ref();
                return Released::Waiting;
            }
            let Some(effect) = flight.told.pop_front() else { break };
            match effect {
                Effect::Answer(message) => flight.answer(message),
                Effect::Tell(audience, message) => flight.start_fan_out(seats, &audience, message),
                Effect::Inform(who, news) => inform(seats, flight.number, who, news),
                Effect::HandBack(found) => flight.hand_back(seats, found),
                // Shown and saved when the input was applied.
                Effect::Show { .. } | Effect::View { .. } | Effect::Save(_) => {}
            }
        }
        flight.finish();
        let left = flight.leaver.take();
        flights.pop_front();
        if let Some((who, session)) = left
            && seats.get(&who).is_some_and(|seat| seat.session == session && seat.until.is_some())
        {
            seats.remove(&who);
            return Released::Left;
        }
    }
    Released::All
}

/// Hands an input's facts to the store, with the answer that a retry of the command would get.
pub fn save(
    world: &World,
    sync: Sync,
    saves: Vec<Save>,
    reply: Option<&Reply>,
    told: &[Effect],
    wall_ms: i64,
) -> Option<Pending<()>> {
    if saves.is_empty() {
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
    let synced = match sync {
        Sync::Now => !saves.iter().all(Save::is_passing),
        Sync::Later => saves.iter().any(Save::is_lasting),
    };
    let write = storage::saves::apply(saves, answer, wall_ms);
    Some(world.store().write(if synced { write } else { write.unsynced() }))
}

/// An answer as the store keeps it for retries.
pub fn answer_text(message: &ServerMessage, wall_ms: i64) -> String {
    let stamp = Stamp { timestamp: unix_seconds(wall_ms), message_id: None, ack: None };
    String::from_utf8(codec::encode(Dialect::V1Json, message, stamp)).unwrap_or_default()
}
