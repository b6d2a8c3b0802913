//! A session's commands: which are unanswered and where, and what the last ones were answered.
//!
//! Lives under the outbox's lock, so that each command gets exactly one answer.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};

use protocol::{ErrorMessage, MessageId, ServerMessage};
use tokio::sync::oneshot;

use crate::frame::{Frame, SharedFrame};
use crate::outbox::Outbox;
use crate::registry::VenueName;

/// How many answers a session keeps for retries.
pub const ANSWERS_MAX: usize = 512;

/// A command under way. Whoever answers it hands the ticket back.
#[derive(Debug, Clone)]
pub struct Ticket {
    number: u64,
    pub message_id: Option<MessageId>,
}

/// What has become of a command's `message_id`.
#[derive(Debug)]
pub enum Begun {
    /// New: do it.
    New(Ticket),
    /// The same command is under way; its answer will come.
    UnderWay,
    /// Done before: this was the answer.
    Answered(SharedFrame),
}

#[derive(Debug)]
struct OpenCommand {
    venue: Option<VenueName>,
    message_id: Option<MessageId>,
    /// Who waits for the answer instead of the connection: a request over REST.
    to: Option<Asker>,
}

/// Waits for the answer to a command that did not come from the connection.
pub type Asker = oneshot::Sender<Result<ServerMessage, ErrorMessage>>;

/// See the module.
#[derive(Debug, Default)]
pub struct Commands {
    last_ticket: u64,
    open: BTreeMap<u64, OpenCommand>,
    answers: HashMap<MessageId, Option<SharedFrame>>,
    order: VecDeque<MessageId>,
    forgotten: bool,
}

impl Commands {
    fn begin(&mut self, message_id: Option<MessageId>) -> Begun {
        if let Some(id) = &message_id {
            match self.answers.get(id) {
                Some(Some(answer)) => return Begun::Answered(answer.clone()),
                Some(None) => return Begun::UnderWay,
                None => self.remember(id.clone(), None),
            }
        }
        Begun::New(self.open(message_id, None))
    }

    fn open(&mut self, message_id: Option<MessageId>, to: Option<Asker>) -> Ticket {
        self.last_ticket += 1;
        let number = self.last_ticket;
        self.open.insert(number, OpenCommand { venue: None, message_id: message_id.clone(), to });
        Ticket { number, message_id }
    }

    fn remember(&mut self, id: MessageId, answer: Option<SharedFrame>) {
        if self.answers.insert(id.clone(), answer).is_none() {
            self.order.push_back(id);
        }
        while self.order.len() > ANSWERS_MAX {
            let Some(oldest) = self.order.pop_front() else { break };
            self.answers.remove(&oldest);
            self.forgotten = true;
        }
    }

    /// Older than everything the session has answered itself: what does not fit is forgotten.
    fn recall(&mut self, id: MessageId, answer: SharedFrame) {
        if self.order.len() >= ANSWERS_MAX {
            self.forgotten = true;
        } else if let Entry::Vacant(vacant) = self.answers.entry(id.clone()) {
            vacant.insert(Some(answer));
            self.order.push_front(id);
        }
    }

    fn close(&mut self, number: u64) -> Option<OpenCommand> {
        self.open.remove(&number)
    }
}

impl Outbox {
    /// Opens a command.
    pub fn begin(&self, message_id: Option<MessageId>) -> Begun {
        self.with_commands(|commands| commands.begin(message_id))
    }

    /// Opens a command whose answer goes to whoever asks, not to the connection.
    pub fn begin_for(&self, message_id: Option<MessageId>, to: Asker) -> Ticket {
        self.with_commands(|commands| commands.open(message_id, Some(to)))
    }

    /// Notes which venue has to answer, so that its death can.
    pub fn entrust(&self, ticket: &Ticket, venue: VenueName) {
        self.with_commands(|commands| {
            if let Some(open) = commands.open.get_mut(&ticket.number) {
                open.venue = Some(venue);
            }
        });
    }

    /// Gives a command its one answer. A second one is dropped.
    pub fn answer(&self, ticket: &Ticket, message: ServerMessage, wall_ms: i64) {
        self.push_if(|commands| {
            let open = commands.close(ticket.number)?;
            if let Some(to) = open.to {
                // One's own connection hears of it too, as all others do. Whoever asked may have given up.
                let _ = to.send(Ok(message.clone()));
                let tells = !matches!(message, ServerMessage::Ok(_));
                return tells.then(|| Frame::new(message, wall_ms));
            }
            let frame = Frame::answering(open.message_id.clone(), message, wall_ms);
            if let Some(id) = open.message_id {
                commands.remember(id, Some(frame.clone()));
            }
            Some(frame)
        });
    }

    /// Ends a command that has no documented reply: `ok` to whoever named it, silence to others.
    pub fn done(&self, ticket: &Ticket, wall_ms: i64) {
        let waits = |commands: &mut Commands| {
            commands
                .open
                .get(&ticket.number)
                .is_some_and(|open| open.message_id.is_some() || open.to.is_some())
        };
        if self.with_commands(waits) {
            self.answer(ticket, ServerMessage::Ok(protocol::session::Done {}), wall_ms);
        } else {
            self.with_commands(|commands| commands.close(ticket.number));
        }
    }

    /// Refuses a command. What was refused for the moment (`BUSY`, `RATE_LIMITED`, …) may be tried again under
    /// the same name.
    pub fn refuse(&self, ticket: &Ticket, error: ErrorMessage, wall_ms: i64) {
        self.push_if(|commands| {
            let open = commands.close(ticket.number)?;
            if let Some(to) = open.to {
                // Whoever asked may have given up.
                let _ = to.send(Err(error));
                return None;
            }
            let passing = is_passing(&error);
            let frame = Frame::answering(open.message_id.clone(), ServerMessage::Error(error), wall_ms);
            if let Some(id) = open.message_id {
                if passing {
                    commands.answers.remove(&id);
                    commands.order.retain(|kept| *kept != id);
                } else {
                    commands.remember(id, Some(frame.clone()));
                }
            }
            Some(frame)
        });
    }

    /// Refuses everything that was entrusted to a venue that is no more, or everything at all.
    pub fn refuse_open(&self, venue: Option<&VenueName>, error: &ErrorMessage, wall_ms: i64) {
        self.refuse_where(error, wall_ms, |_, open| venue.is_none() || open.venue.as_ref() == venue);
    }

    /// The number of the newest command.
    pub fn last_ticket(&self) -> u64 {
        self.with_commands(|commands| commands.last_ticket)
    }

    /// Refuses every open command that is newer than this number. False: there was none.
    pub fn refuse_since(&self, number: u64, error: &ErrorMessage, wall_ms: i64) -> bool {
        self.refuse_where(error, wall_ms, |of, _| of > number)
    }

    fn refuse_where(
        &self,
        error: &ErrorMessage,
        wall_ms: i64,
        which: impl Fn(u64, &OpenCommand) -> bool,
    ) -> bool {
        let tickets: Vec<Ticket> = self.with_commands(|commands| {
            let open = commands.open.iter().filter(|(number, open)| which(**number, open));
            open.map(|(number, open)| Ticket { number: *number, message_id: open.message_id.clone() })
                .collect()
        });
        for ticket in &tickets {
            self.refuse(ticket, error.clone(), wall_ms);
        }
        !tickets.is_empty()
    }

    /// Takes over answers that an earlier session of the same character kept on disk, the oldest first.
    pub fn recall(&self, answers: Vec<(MessageId, SharedFrame)>, more_on_disk: bool) {
        self.with_commands(|commands| {
            commands.forgotten |= more_on_disk;
            for (id, frame) in answers.into_iter().rev() {
                commands.recall(id, frame);
            }
        });
    }

    /// Whether an unknown `message_id` may have been answered before: the disk knows.
    pub fn has_forgotten(&self) -> bool {
        self.with_commands(|commands| commands.forgotten)
    }

    /// Whether this command is still unanswered.
    pub fn is_open(&self, ticket: &Ticket) -> bool {
        self.with_commands(|commands| commands.open.contains_key(&ticket.number))
    }
}

fn is_passing(error: &ErrorMessage) -> bool {
    use protocol::ErrorCode::{Busy, Internal, NoCharacter, RateLimited, Storage};
    matches!(error.error_code, Busy | Internal | NoCharacter | RateLimited | Storage)
}
