//! The bounded way from the link to the handlers.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use crate::hear::Event;
use crate::notice::{End, Notice};
use crate::sequence::Arrival;

/// The handlers can't be reached any more: one of them panicked.
#[derive(Debug)]
pub(crate) struct HandlersGone;

/// What is on its way to the handlers.
pub(crate) struct Inbox {
    events: mpsc::Sender<Event>,
    /// What one frame brought and the handlers have no room for: while there is any, no other frame is read.
    held: VecDeque<Event>,
}

impl Inbox {
    pub fn new(events: mpsc::Sender<Event>) -> Self {
        Self { events, held: VecDeque::new() }
    }

    /// Whether something waits for room.
    pub fn is_full(&self) -> bool {
        !self.held.is_empty()
    }

    pub fn put(&mut self, event: Event) {
        if self.is_full() {
            return self.held.push_back(event);
        }
        use mpsc::error::TrySendError::{Closed, Full};
        // Both are met when the link next waits for room: it waits, or it ends.
        if let Err(Full(event) | Closed(event)) = self.events.try_send(event) {
            self.held.push_back(event);
        }
    }

    pub fn tell(&mut self, notice: Notice) {
        self.put(Event::Notice(notice));
    }

    /// Tells of what `seq` revealed.
    pub fn report(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Next => {}
            Arrival::After { from_seq, to_seq } => self.tell(Notice::Missed { from_seq, to_seq }),
            Arrival::Again { seq } => self.tell(Notice::Repeated { seq }),
        }
    }

    /// Waits until one more has found room. Cancel-safe.
    pub async fn make_room(&mut self) -> Result<(), HandlersGone> {
        let permit = self.events.reserve().await.map_err(|_| HandlersGone)?;
        if let Some(event) = self.held.pop_front() {
            permit.send(event);
        }
        Ok(())
    }

    /// Hands over everything, and the end.
    pub async fn finish(mut self, end: End) {
        self.held.push_back(Event::Notice(Notice::Ended(end)));
        for event in self.held {
            if self.events.send(event).await.is_err() {
                return;
            }
        }
    }
}
