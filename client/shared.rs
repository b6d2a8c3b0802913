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

/// So many commands that were sent twice are remembered, the oldest forgotten first: fewer are ever open at once.
const SENT_AGAIN_MAX: usize = 512;

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
    /// Somebody wants the connection to drop.
    pub cut: Notify,
    nearby: Mutex<Nearby>,
    end: Mutex<Option<End>>,
}

impl Shared {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            newcomers: Newcomers::default(),
            leave: Notify::new(),
            cut: Notify::new(),
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

/// What an answer is for.
pub(crate) enum For {
    Command(Open),
    /// A command that was sent twice; this answer was here before.
    Again,
    /// Nobody waits for it, or not any more.
    Nobody,
}

/// The commands that have no answer yet, by the names they were sent under.
pub(crate) struct OpenCommands {
    /// Sets our names apart from those of another client of the same session.
    prefix: String,
    named: u64,
    open: BTreeMap<u64, Open>,
    /// Those that were sent twice, and whether they were answered: both times may be.
    sent_again: BTreeMap<u64, bool>,
}

impl OpenCommands {
    pub fn new() -> Self {
        Self {
            prefix: format!("{:08x}-", getrandom::u32().unwrap_or_default()),
            named: 0,
            open: BTreeMap::new(),
            sent_again: BTreeMap::new(),
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

    /// What an answer with this name is for.
    pub fn answered(&mut self, message_id: Option<&str>) -> For {
        let Some(number) = message_id.and_then(|name| self.number(name)) else { return For::Nobody };
        if let Some(answered) = self.sent_again.get_mut(&number)
            && std::mem::replace(answered, true)
        {
            return For::Again;
        }
        self.open.remove(&number).map_or(For::Nobody, For::Command)
    }

    /// Forgets those whose callers have given up.
    pub fn forget_abandoned(&mut self) {
        self.open.retain(|_, open| open.reply.as_ref().is_none_or(|reply| !reply.is_closed()));
    }

    /// Forgets the link's own, which belong to one connection.
    pub fn forget_own(&mut self) {
        self.open.retain(|_, open| open.reply.is_some());
    }

    /// What has to be sent once more, with its names: the link's own first, because the answers to the others
    /// depend on them, then what callers wait for, oldest first.
    pub fn send_again(&mut self) -> Vec<(String, ClientMessage)> {
        for number in self.open.keys() {
            self.sent_again.entry(*number).or_insert(false);
        }
        while self.sent_again.len() > SENT_AGAIN_MAX {
            self.sent_again.pop_first();
        }
        let (own, awaited): (Vec<_>, Vec<_>) = self.open.iter().partition(|(_, open)| open.reply.is_none());
        let all = own.into_iter().chain(awaited);
        all.map(|(number, open)| (self.name(*number), open.message.clone())).collect()
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

    fn number(&self, name: &str) -> Option<u64> {
        name.strip_prefix(&self.prefix)?.parse().ok()
    }
}
