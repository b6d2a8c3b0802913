//! What has landed leaves, in the order of the inputs.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rules::realm::RealmCommand;
use rules::venue::Effect;
use storage::StoreError;
use tokio::time::Sleep;

use crate::bells::Asleep;
use crate::flight::Flight;
use crate::flight::fan_out::FanOut;
use crate::host::Reply;
use crate::seats::Seats;

/// Recipients served, of one broadcast or several, before the arbiter's other entities get a turn: about a third of a
/// millisecond.
const FANOUT_TURN: usize = 1024;
/// Connections are woken when all that has landed is in their outboxes, so that each writes it at once; at the latest after
/// so many turns: a few milliseconds.
const TURNS_ASLEEP_MAX: usize = 16;
/// How long what has landed may wait for the commit that is under way, so that both go out in one write: about two of them.
const PATIENCE: Duration = Duration::from_millis(5);

/// How far a release came.
#[derive(Debug)]
pub enum Released {
    /// A commit is under way; the task will be woken.
    Waiting,
    /// Others have a turn first; the task is woken already.
    Yielding,
    /// A seat was cleared on the way; there may be more.
    Left,
    /// Nothing is in flight.
    All,
    Failed(StoreError),
    /// A command had its effect before, so this input had none: the state is ahead of the disk.
    Repeated(Option<Reply>),
}

/// What is in flight, oldest first, and whom to wake for what has left.
#[derive(Default)]
pub struct Flights {
    queue: VecDeque<Flight>,
    fan_out: FanOut,
    /// What is to be told to the realm.
    pub errands: Vec<RealmCommand>,
    /// Connections that have something and were not woken yet.
    asleep: Asleep,
    turns_asleep: usize,
    /// Until when they sleep at the latest, while the next commit is under way.
    patience: Option<Pin<Box<Sleep>>>,
}

impl Deref for Flights {
    type Target = VecDeque<Flight>;

    fn deref(&self) -> &VecDeque<Flight> {
        &self.queue
    }
}

impl DerefMut for Flights {
    fn deref_mut(&mut self) -> &mut VecDeque<Flight> {
        &mut self.queue
    }
}

impl Flights {
    /// Nothing is in flight, and all that has landed is where it belongs.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.fan_out.is_empty()
    }

    fn wake(&mut self) {
        (self.turns_asleep, self.patience) = (0, None);
        self.asleep.ring();
    }

    /// Releases, in input order, what has been committed.
    pub fn release(&mut self, seats: &mut Seats, cx: &mut Context) -> Released {
        let mut turn = FANOUT_TURN;
        let released = self.release_some(seats, &mut turn, cx);
        let may_wait = match released {
            Released::Yielding => {
                self.turns_asleep += 1;
                self.turns_asleep <= TURNS_ASLEEP_MAX
            }
            // What lands next goes out with it.
            Released::Waiting if !self.asleep.is_empty() => {
                let patience = self.patience.get_or_insert_with(|| Box::pin(tokio::time::sleep(PATIENCE)));
                patience.as_mut().poll(cx).is_pending()
            }
            _ => false,
        };
        if !may_wait {
            self.wake();
        }
        released
    }

    fn release_some(&mut self, seats: &mut Seats, turn: &mut usize, cx: &mut Context) -> Released {
        loop {
            let gathered = self.gather(seats, cx);
            if self.fan_out.serve(turn, &mut self.asleep) {
                cx.waker().wake_by_ref();
                return Released::Yielding;
            }
            if let Some(released) = gathered {
                return released;
            }
        }
    }

    /// Takes what has landed up to where the fan-out has to be over first: `None`.
    fn gather(&mut self, seats: &mut Seats, cx: &mut Context) -> Option<Released> {
        let Self { queue, fan_out, errands, asleep, .. } = self;
        if fan_out.is_under_way() {
            return None;
        }
        while let Some(flight) = queue.front_mut() {
            if let Some(receipt) = &mut flight.receipt {
                match Pin::new(receipt).poll(cx) {
                    Poll::Pending => return Some(Released::Waiting),
                    Poll::Ready(Ok(())) => flight.receipt = None,
                    Poll::Ready(Err(error)) => {
                        fan_out.serve_all(asleep);
                        return Some(match error {
                            StoreError::Conflict("message_id") => {
                                Released::Repeated(queue.pop_front().and_then(|flight| flight.reply))
                            }
                            error => Released::Failed(error),
                        });
                    }
                }
            }
            flight.refuse_first(|outbox| fan_out.catch_up(outbox, asleep));
            while let Some(effect) = flight.told.pop_front() {
                match effect {
                    Effect::Answer(message) => {
                        flight.answer(message, |outbox| fan_out.catch_up(outbox, asleep));
                    }
                    Effect::Tell(audience, message) => {
                        let heard = seats.hearers(&audience, flight.number);
                        if !fan_out.takes(&heard) {
                            flight.told.push_front(Effect::Tell(audience, message));
                            return None;
                        }
                        fan_out.add(flight.frame(message), heard);
                    }
                    news if !fan_out.is_empty() => {
                        flight.told.push_front(news);
                        return None;
                    }
                    Effect::Inform(who, news) => seats.inform(flight.number, who, news),
                    Effect::HandBack(found) => flight.hand_back(seats, found),
                    Effect::Errand(errand) => errands.push(errand),
                    // Shown and saved when the input was applied.
                    Effect::Show { .. } | Effect::View { .. } | Effect::Save(_) => {}
                }
            }
            if flight.leaver.is_some() && !fan_out.is_empty() {
                return None;
            }
            flight.finish(|outbox| fan_out.catch_up(outbox, asleep));
            let left = flight.leaver.take();
            queue.pop_front();
            if let Some((who, session)) = left
                && seats.get(&who).is_some_and(|seat| seat.session == session && seat.until.is_some())
            {
                seats.remove(&who);
                return Some(Released::Left);
            }
        }
        Some(Released::All)
    }
}
