//! What a venue has to say of itself to be hosted, and what can be sent to it.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use protocol::{CharacterId, ErrorMessage, ServerMessage, SessionId};
use rules::venue::{Member, Venue};
use storage::Pending;
use storage::requests::Keep;
use tokio::sync::oneshot;

use crate::commands::Ticket;
use crate::entity::Door;
use crate::frame::Frame;
use crate::host::{Host, TickDone};
use crate::options::Options;
use crate::outbox::Outbox;
use crate::registry::{Table, VenueName};
use crate::session::Session;
use crate::world::World;

/// A venue that a [`Host`] can run.
pub trait Hosted: Venue<Entry: Send, Command: Send, Exit: Send> + Unpin + 'static {
    type Key: Clone + Eq + Hash + Ord + fmt::Display + fmt::Debug + Send + Unpin + 'static;
    /// What of it is on disk.
    type Record: Send + Unpin + 'static;
    /// What admins see of it.
    type View: Send + 'static;

    const KIND: &'static str;

    fn name(key: &Self::Key) -> VenueName;
    fn table(world: &World) -> &Table<Host<Self>>;
    fn mailbox(options: &Options) -> usize;
    /// Time between ticks, for venues that have them.
    fn tick_every(_options: &Options) -> Option<Duration> {
        None
    }
    /// Whether it is let go when nobody is in it.
    const PASSIVATES: bool;
    /// Whether it is over when the last has left.
    const ENDS_EMPTY: bool = false;
    /// Whether a newcomer's session hears when he is refused: for venues that a session counts on being in.
    const TELLS_REFUSED: bool = false;
    fn load(key: &Self::Key, world: &World, members: &[CharacterId]) -> Pending<Self::Record>;
    fn restore(key: &Self::Key, world: &World, record: Self::Record, members: &[Member]) -> Self;
    /// Whether this member is in it. A venue that keeps no members has everybody.
    fn has(&self, _who: CharacterId) -> bool {
        true
    }
    /// Whether it can be let go when nobody is in it, if it is ever.
    fn may_rest(&self) -> bool {
        true
    }
    fn view(&self) -> Self::View;
    /// The name of a command's fault point.
    fn fault(command: &Self::Command) -> &'static str;
}

/// Whom to answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub who: CharacterId,
    pub outbox: Arc<Outbox>,
    /// Absent for what has no name and no documented answer: then only errors are told.
    pub ticket: Option<Ticket>,
}

/// Somebody who wants in.
#[derive(Debug, Clone)]
pub struct Newcomer {
    pub member: Member,
    pub session: SessionId,
    pub outbox: Arc<Outbox>,
    pub door: Door<Session>,
}

/// A command of whoever runs the server.
pub struct Order<C> {
    pub command: C,
    /// Of the request that asks for it, if it has a name.
    pub keep: Option<Keep<()>>,
    /// Hears when it is done and on disk; dropped, when it is not.
    pub done: oneshot::Sender<()>,
    /// Hears why it is not, when there is a reason to tell.
    pub refused: oneshot::Sender<ErrorMessage>,
}

/// Everything that can be sent to a venue.
pub enum Mail<V: Hosted> {
    Enter {
        newcomer: Newcomer,
        entry: V::Entry,
        reply: Reply,
    },
    Command {
        who: CharacterId,
        session: SessionId,
        command: V::Command,
        reply: Reply,
    },
    /// Somebody who is not to come in has something to say. Its session hears [`NotIn`](crate::session::Mail::NotIn) behind it.
    Knock {
        newcomer: Newcomer,
        command: V::Command,
        reply: Reply,
    },
    /// `gone` hears when what the leaver leaves behind is on disk.
    Leave {
        who: CharacterId,
        session: SessionId,
        exit: V::Exit,
        gone: Option<oneshot::Sender<()>>,
    },
    /// Whoever runs the server wants something done.
    Ordain(Order<V::Command>),
    Tick(TickDone),
    View(oneshot::Sender<V::View>),
    /// Let go if nobody is here.
    Rest,
}

impl Reply {
    pub fn refuse(&self, error: ErrorMessage, wall_ms: i64) {
        match &self.ticket {
            Some(ticket) => self.outbox.refuse(ticket, error, wall_ms),
            None => self.outbox.push(&Frame::new(ServerMessage::Error(error), wall_ms)),
        }
    }
}
