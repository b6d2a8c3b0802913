//! What the link, the handlers and the callers share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{ClientMessage, ServerMessage};
use tokio::sync::{Notify, oneshot};

use crate::ClientError;
use crate::hear::Newcomers;
use crate::nearby::Nearby;
use crate::notice::End;

/// Where the answer to a command goes.
pub(crate) type Reply = oneshot::Sender<Result<ServerMessage, ClientError>>;

/// What the link is asked to send.
pub(crate) enum Request {
    /// With a name, for the one answer that carries it.
    Ask(ClientMessage, Reply),
    Tell(ClientMessage),
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub newcomers: Newcomers,
    pub leave: Notify,
    nearby: Mutex<Nearby>,
    end: Mutex<Option<End>>,
}

impl Shared {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            newcomers: Newcomers::default(),
            leave: Notify::new(),
            nearby: Mutex::new(Nearby::default()),
            end: Mutex::new(None),
        })
    }

    pub fn nearby(&self) -> MutexGuard<'_, Nearby> {
        self.nearby.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn ended(&self) -> Option<End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn end(&self, end: End) {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
    }
}

/// A command that has no answer yet.
pub(crate) struct Open {
    pub message: ClientMessage,
    /// `None` for a command of the link itself.
    pub reply: Option<Reply>,
}

/// The commands that have no answer yet, by the names they were sent under.
pub(crate) struct OpenCommands {
    /// Sets our names apart from those of another client of the same session.
    prefix: String,
    named: u64,
    open: BTreeMap<u64, Open>,
}

impl OpenCommands {
    pub fn new() -> Self {
        Self {
            prefix: format!("{:08x}-", getrandom::u32().unwrap_or_default()),
            named: 0,
            open: BTreeMap::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Remembers a command and returns its name.
    pub fn add(&mut self, message: ClientMessage, reply: Option<Reply>) -> String {
        self.named += 1;
        self.open.insert(self.named, Open { message, reply });
        self.name(self.named)
    }

    /// The command that an answer with this name is for.
    pub fn answered(&mut self, message_id: Option<&str>) -> Option<Open> {
        let number = message_id?.strip_prefix(&self.prefix)?.parse().ok()?;
        self.open.remove(&number)
    }

    /// Forgets those whose callers have given up.
    pub fn forget_abandoned(&mut self) {
        self.open.retain(|_, open| open.reply.as_ref().is_none_or(|reply| !reply.is_closed()));
    }

    /// Forgets the link's own, which belong to one connection.
    pub fn forget_own(&mut self) {
        self.open.retain(|_, open| open.reply.is_some());
    }

    /// What callers wait for, with its names, oldest first.
    pub fn awaited(&self) -> impl Iterator<Item = (String, &ClientMessage)> {
        let awaited = self.open.iter().filter(|(_, open)| open.reply.is_some());
        awaited.map(|(number, open)| (self.name(*number), &open.message))
    }

    /// Answers all of them with `error`.
    pub fn fail(self, error: &ClientError) {
        for reply in self.open.into_values().filter_map(|open| open.reply) {
            drop(reply.send(Err(error.clone())));
        }
    }

    fn name(&self, number: u64) -> String {
        format!("{}{number}", self.prefix)
    }
}
