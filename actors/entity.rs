//! What every actor of the mesh has in common: an address with vital signs, a turn limit, a death notice.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix::dev::channel::channel;
use actix::{Actor, ActorFutureExt, Addr, ArbiterHandle, AsyncContext, Context, Handler, Message, WeakAddr};
use protocol::SessionId;

use crate::notify::notify;
use crate::options::Options;
use crate::registry::{Died, Registry, Table, hash_of};
use crate::world::World;

/// After this many messages an entity lets its neighbours on the arbiter have a turn.
const TURN_MESSAGES: u32 = 64;

/// An actor with a name in the registry.
pub trait Entity: Sized + Unpin + 'static {
    type Key: Clone + Eq + Hash + Ord + fmt::Display + fmt::Debug + Send + Unpin + 'static;
    /// What outlives a panic of the entity; the registry keeps it.
    type Kept: Clone + Send + 'static;
    /// Everything that can be sent to it.
    type Mail: Send + 'static;

    /// The word for it in logs and in the console, for example "room".
    const KIND: &'static str;

    fn table(world: &World) -> &Table<Self>;
    /// The number of the arbiter that the key is for.
    fn arbiter(world: &World, key: &Self::Key) -> usize {
        world.arbiter_of(hash_of(Self::KIND, key))
    }
    fn mailbox(options: &Options) -> usize;
    fn born(birth: Birth<Self>) -> Self;
    /// Runs on its arbiter before the first message.
    fn started(&mut self, ctx: &mut Ctx<Self>);
    fn receive(&mut self, mail: Self::Mail, ctx: &mut Ctx<Self>);
    /// What follows from the death of one of them; runs in the registry.
    fn buried(world: &World, key: &Self::Key, watchers: Vec<Watcher>);
}

/// The context of an entity's actor.
pub type Ctx<E> = Context<Shell<E>>;

/// What an entity knows when it starts.
pub struct Birth<E: Entity> {
    pub key: E::Key,
    pub kept: E::Kept,
    pub generation: u64,
    pub world: World,
}

/// The signs an admin looks at: how much waits, how long, how much was done.
#[derive(Debug, Default)]
pub struct Vitals {
    posted: AtomicU64,
    handled: AtomicU64,
    /// When the oldest message that may still wait was posted (monotonic milliseconds).
    oldest_ms: AtomicU64,
    members: AtomicU64,
}

impl Vitals {
    fn posted(&self, at_ms: u64) {
        if self.depth() == 0 {
            self.oldest_ms.store(at_ms, Ordering::Relaxed);
        }
        self.posted.fetch_add(1, Ordering::Relaxed);
    }

    fn unposted(&self) {
        self.posted.fetch_sub(1, Ordering::Relaxed);
    }

    /// Mail is handled in order, so what still waits was posted no earlier than this one.
    fn handled(&self, posted_at_ms: u64) {
        self.handled.fetch_add(1, Ordering::Relaxed);
        self.oldest_ms.store(posted_at_ms, Ordering::Relaxed);
    }

    pub fn depth(&self) -> u64 {
        self.posted.load(Ordering::Relaxed).saturating_sub(self.handled.load(Ordering::Relaxed))
    }

    pub fn handled_total(&self) -> u64 {
        self.handled.load(Ordering::Relaxed)
    }

    /// The age of the oldest waiting message is at most this.
    pub fn oldest_message_ms(&self, now_ms: u64) -> u64 {
        if self.depth() == 0 { 0 } else { now_ms.saturating_sub(self.oldest_ms.load(Ordering::Relaxed)) }
    }

    pub fn set_members(&self, members: usize) {
        self.members.store(members as u64, Ordering::Relaxed);
    }

    pub fn members(&self) -> u64 {
        self.members.load(Ordering::Relaxed)
    }
}

/// Mail with the time it was posted.
pub struct Posted<M> {
    at_ms: u64,
    mail: M,
}

impl<M: 'static> Message for Posted<M> {
    type Result = ();
}

/// Why mail did not go into a mailbox. The mail is lost; the sender knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undelivered {
    /// The mailbox is full: try again later.
    Full,
    /// The entity is gone: look it up again.
    Closed,
}

/// An entity's address, with its vital signs.
pub struct Door<E: Entity> {
    addr: Addr<Shell<E>>,
    vitals: Arc<Vitals>,
    /// Messages that may wait. Kept here, because every clone of an actix address has a place of its own beyond it.
    mailbox: u64,
    generation: u64,
    clock: crate::clock::Clock,
}

impl<E: Entity> Clone for Door<E> {
    fn clone(&self) -> Self {
        Self {
            addr: self.addr.clone(),
            vitals: self.vitals.clone(),
            mailbox: self.mailbox,
            generation: self.generation,
            clock: self.clock,
        }
    }
}

impl<E: Entity> fmt::Debug for Door<E> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "Door<{}>#{}", E::KIND, self.generation)
    }
}

impl<E: Entity> Door<E> {
    /// Starts an entity on an arbiter and returns its address at once.
    pub fn open(arbiter: &ArbiterHandle, birth: Birth<E>) -> Self {
        let world = birth.world.clone();
        let vitals = Arc::new(Vitals::default());
        let mailbox = E::mailbox(world.options());
        let (sender, receiver) = channel(mailbox);
        let door = Self {
            addr: Addr::new(sender),
            vitals: vitals.clone(),
            mailbox: mailbox as u64,
            generation: birth.generation,
            clock: world.clock(),
        };
        let started = arbiter.spawn_fn(move || {
            let obituary =
                Obituary { world: birth.world.clone(), key: birth.key.clone(), generation: birth.generation };
            let shell = Shell { entity: E::born(birth), _obituary: obituary, vitals, turn: 0 };
            Context::with_receiver(receiver).run(shell);
        });
        if !started {
            log::warn!("the arbiter of a {} has stopped; it will not answer", E::KIND);
        }
        door
    }

    /// Posts mail within the mailbox's bound.
    ///
    /// # Errors
    /// [`Undelivered`]; nothing waits and nothing is kept.
    pub fn post(&self, mail: E::Mail) -> Result<(), Undelivered> {
        if self.vitals.depth() >= self.mailbox && self.is_open() {
            return Err(Undelivered::Full);
        }
        let posted = self.stamp(mail);
        self.addr.try_send(posted).map_err(|error| {
            self.vitals.unposted();
            match error {
                actix::prelude::SendError::Full(_) => Undelivered::Full,
                actix::prelude::SendError::Closed(_) => Undelivered::Closed,
            }
        })
    }

    pub(crate) fn stamp(&self, mail: E::Mail) -> Posted<E::Mail> {
        let at_ms = self.clock.mono_ms();
        self.vitals.posted(at_ms);
        Posted { at_ms, mail }
    }

    pub(crate) fn addr(&self) -> &Addr<Shell<E>> {
        &self.addr
    }

    pub fn vitals(&self) -> &Arc<Vitals> {
        &self.vitals
    }

    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub fn is_open(&self) -> bool {
        self.addr.connected()
    }

    /// An address that does not keep the entity alive.
    pub fn downgrade(&self) -> WeakDoor<E> {
        WeakDoor {
            addr: self.addr.downgrade(),
            vitals: self.vitals.clone(),
            door: (self.mailbox, self.generation, self.clock),
        }
    }
}

/// See [`Door::downgrade`].
pub struct WeakDoor<E: Entity> {
    addr: WeakAddr<Shell<E>>,
    vitals: Arc<Vitals>,
    door: (u64, u64, crate::clock::Clock),
}

impl<E: Entity> WeakDoor<E> {
    pub fn upgrade(&self) -> Option<Door<E>> {
        let addr = self.addr.upgrade()?;
        addr.connected().then(|| Door {
            addr,
            vitals: self.vitals.clone(),
            mailbox: self.door.0,
            generation: self.door.1,
            clock: self.door.2,
        })
    }
}

/// The actor around an entity.
pub struct Shell<E: Entity> {
    pub entity: E,
    // Held for its drop.
    _obituary: Obituary<E>,
    vitals: Arc<Vitals>,
    turn: u32,
}

impl<E: Entity> Actor for Shell<E> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.entity.started(ctx);
    }
}

impl<E: Entity> Handler<Posted<E::Mail>> for Shell<E> {
    type Result = ();

    fn handle(&mut self, posted: Posted<E::Mail>, ctx: &mut Self::Context) {
        self.vitals.handled(posted.at_ms);
        self.entity.receive(posted.mail, ctx);
        self.turn += 1;
        // A flooded mailbox would otherwise be drained without end before any timer or neighbour.
        if self.turn == TURN_MESSAGES {
            self.turn = 0;
            ctx.wait(actix::fut::wrap_future(tokio::task::yield_now()).map(|(), _: &mut Self, _| ()));
        }
    }
}

/// Tells the registry that an entity is no more, however it ended: dropped with the actor. One that was let go
/// first is not in the registry any more, and its notice changes nothing.
struct Obituary<E: Entity> {
    world: World,
    key: E::Key,
    generation: u64,
}

impl<E: Entity> Drop for Obituary<E> {
    fn drop(&mut self) {
        Registry::hear::<E>(&self.world, Died { key: self.key.clone(), generation: self.generation });
    }
}

/// Somebody who wants to know when a venue dies: a session, by its door.
pub struct Watcher {
    pub session: SessionId,
    pub door: Door<crate::session::Session>,
}

impl Watcher {
    pub(crate) fn tell(&self, mail: crate::session::Mail) {
        notify(&self.door, mail);
    }
}
