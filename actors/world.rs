//! The handle to the running world: what sessions, venues and the edge share. Cheap to clone.

mod chance;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use actix::{Actor, Addr, Arbiter, ArbiterHandle};
use protocol::encryption::Cipher;
use protocol::{ClientMessage, CloseCode, ErrorCode, ErrorMessage, MessageId, ServerMessage, SessionId};
use rules::Content;
use rules::combat::Combat;
use rules::party::Party;
use rules::realm::Realm;
use rules::room::Room;
use rules::trade::Trade;
use rules::world_shard::WorldShard;
use storage::Store;
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::directory::Directory;
use crate::entity::Door;
use crate::hasher::Hasher;
use crate::host::Host;
use crate::limiters::Limiters;
use crate::notify::notify;
use crate::options::Options;
use crate::outbox::{Farewell, Outbox};
use crate::registry::{Quarantined, Registry, Table};
use crate::session::{self, Attached, ResumeClaim, Session, Waiting, resume_expired};
use crate::snapshots::Snapshots;
use crate::tokens::Token;

/// How long the edge waits for an entity's answer.
const ASK_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a stopping world waits for its sessions.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// Clients come back within this, spread evenly, after a restart.
const COMEBACK_MS: u64 = 10_000;

/// See the module.
#[derive(Clone)]
pub struct World {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Clock,
    options: Options,
    content: Arc<Content>,
    store: Store,
    hasher: Hasher,
    cipher: Option<Arc<Cipher>>,
    directory: Directory,
    sessions: Table<Session>,
    rooms: Table<Host<Room>>,
    shards: Table<Host<WorldShard>>,
    trades: Table<Host<Trade>>,
    combats: Table<Host<Combat>>,
    realms: Table<Host<Realm>>,
    parties: Table<Host<Party>>,
    limiters: Limiters,
    /// What entities run on: threads of our own, or a simulation's one and only.
    /// Each with what waits for its sessions.
    arbiters: Vec<(ArbiterHandle, Waiting)>,
    registry: OnceLock<Addr<Registry>>,
    seed: u64,
    used: Mutex<HashMap<SessionId, i64>>,
    snapshots: Snapshots,
    draining: AtomicBool,
    turns: AtomicU64,
}

/// What a world is made of.
pub struct Parts {
    pub options: Options,
    pub content: Content,
    pub store: Store,
    pub hasher: Hasher,
    pub clock: Clock,
}

impl World {
    /// Starts a world on arbiters of its own: one a core, beside the HTTP workers', which stop earlier.
    ///
    /// # Panics
    /// Outside an actix system.
    pub fn start(parts: Parts) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let count = if parts.options.arbiters == 0 { cores } else { parts.options.arbiters };
        let arbiters = (0..count).map(|_| Arbiter::new().handle()).collect();
        Self::on(parts, arbiters, &Arbiter::new().handle())
    }

    /// Starts a world on the current arbiter: for simulations, where one seed makes one trace.
    ///
    /// # Panics
    /// Outside an actix system.
    pub fn simulated(parts: Parts) -> Self {
        let current = Arbiter::current();
        Self::on(parts, vec![current.clone()], &current)
    }

    fn on(parts: Parts, arbiters: Vec<ArbiterHandle>, supervisor: &ArbiterHandle) -> Self {
        let Parts { options, content, store, hasher, clock } = parts;
        let cipher = options
            .encryption
            .as_ref()
            .map(|encryption| Arc::new(Cipher::from_password(&encryption.password, encryption.iterations)));
        let seed = options.seed.unwrap_or_else(chance::random_seed);
        let world = Self {
            inner: Arc::new(Inner {
                limiters: Limiters::new(&options, clock),
                clock,
                options,
                content: Arc::new(content),
                store,
                hasher,
                cipher,
                directory: Directory::default(),
                sessions: Table::default(),
                rooms: Table::default(),
                shards: Table::default(),
                trades: Table::default(),
                combats: Table::default(),
                realms: Table::default(),
                parties: Table::default(),
                arbiters: arbiters.into_iter().map(|arbiter| (arbiter, Waiting::default())).collect(),
                registry: OnceLock::new(),
                seed,
                used: Mutex::new(HashMap::new()),
                snapshots: Snapshots::default(),
                draining: AtomicBool::new(false),
                turns: AtomicU64::new(0),
            }),
        };
        let supervised = world.clone();
        let registry = Registry::start_in_arbiter(supervisor, move |_| Registry::new(supervised));
        if world.inner.registry.set(registry).is_err() {
            log::error!("a world has one registry only");
        }
        world.seed_shards();
        for shard in world.content().world_shards() {
            // It starts on demand otherwise: with the first who comes.
            let _ = world.shards().find(&world, &shard.to_owned(), || ());
        }
        world.resume_combats();
        world.claim_won();
        world.resume_parties();
        world
    }

    pub fn clock(&self) -> Clock {
        self.inner.clock
    }

    pub fn options(&self) -> &Options {
        &self.inner.options
    }

    pub fn content(&self) -> &Arc<Content> {
        &self.inner.content
    }

    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    pub fn hasher(&self) -> &Hasher {
        &self.inner.hasher
    }

    /// Opens and seals the frames of peers who encrypt; absent when this server does not.
    pub fn cipher(&self) -> Option<&Arc<Cipher>> {
        self.inner.cipher.as_ref()
    }

    pub fn directory(&self) -> &Directory {
        &self.inner.directory
    }

    pub fn sessions(&self) -> &Table<Session> {
        &self.inner.sessions
    }

    pub fn rooms(&self) -> &Table<Host<Room>> {
        &self.inner.rooms
    }

    pub fn shards(&self) -> &Table<Host<WorldShard>> {
        &self.inner.shards
    }

    pub fn trades(&self) -> &Table<Host<Trade>> {
        &self.inner.trades
    }

    pub fn combats(&self) -> &Table<Host<Combat>> {
        &self.inner.combats
    }

    /// Of one.
    pub fn realms(&self) -> &Table<Host<Realm>> {
        &self.inner.realms
    }

    pub fn parties(&self) -> &Table<Host<Party>> {
        &self.inner.parties
    }

    pub fn limiters(&self) -> &Limiters {
        &self.inner.limiters
    }

    pub(crate) fn snapshots(&self) -> &Snapshots {
        &self.inner.snapshots
    }

    pub(crate) fn registry(&self) -> Option<&Addr<Registry>> {
        self.inner.registry.get()
    }

    pub(crate) fn arbiter(&self, index: usize) -> &ArbiterHandle {
        &self.inner.arbiters[index % self.inner.arbiters.len()].0
    }

    pub(crate) fn waiting(&self, arbiter: usize) -> &Waiting {
        &self.inner.arbiters[arbiter % self.inner.arbiters.len()].1
    }

    pub(crate) fn arbiter_of(&self, hash: u64) -> usize {
        usize::try_from(hash % self.inner.arbiters.len() as u64).unwrap_or(0)
    }

    /// The door of a session, which is started if it is not running.
    ///
    /// # Errors
    /// [`Quarantined`] while it rests after too many panics.
    pub fn session(&self, id: SessionId) -> Result<Door<Session>, Quarantined> {
        self.sessions().find(self, &id, || {
            Outbox::new(self.options().outbox, self.cipher().cloned(), self.clock().mono_ms())
        })
    }

    /// Joins a connection to its session. `address` is what limits are counted by.
    ///
    /// # Errors
    /// `BUSY` when the session does not answer.
    pub async fn attach(
        &self,
        id: SessionId,
        dialect: protocol::Dialect,
        address: &str,
    ) -> Result<Attached, ErrorMessage> {
        let address: Arc<str> = address.into();
        self.ask(id, |to| session::Mail::Attach { dialect, address: address.clone(), to }).await
    }

    /// Joins a connection to the session it dropped out of.
    ///
    /// # Errors
    /// `RESUME_EXPIRED` when it has to sign in anew; `BUSY` when the session does not answer.
    pub async fn resume(
        &self,
        resume: &protocol::session::Resume,
        dialect: protocol::Dialect,
        address: &str,
    ) -> Result<Attached, ErrorMessage> {
        let token = Token::parse(&resume.resume_token).ok_or_else(resume_expired)?;
        if self.sessions().running(&resume.session_id).is_none() {
            return Err(resume_expired());
        }
        let claim = ResumeClaim { token, last_seq: resume.last_seq, dialect, address: address.into() };
        self.ask(resume.session_id, |to| session::Mail::Resume { claim: claim.clone(), to }).await?
    }

    /// Asks a session something; once more if it was just ending.
    pub(crate) async fn ask<T>(
        &self,
        id: SessionId,
        mail: impl Fn(oneshot::Sender<T>) -> session::Mail,
    ) -> Result<T, ErrorMessage> {
        for _ in 0..2 {
            let door = self.session(id).map_err(|rests| {
                ErrorMessage::new(ErrorCode::Busy, "this session failed too often: sign in again later")
                    .with("retry_after_ms", rests.retry_after_ms)
            })?;
            let (to, answer) = oneshot::channel();
            if door.post(mail(to)).is_err() {
                continue;
            }
            match tokio::time::timeout(ASK_TIMEOUT, answer).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(_)) => {}
                Err(_) => break,
            }
        }
        Err(ErrorMessage::new(ErrorCode::Busy, "the session does not answer: try again")
            .with("retry_after_ms", 500))
    }

    /// Has a session do what this message asks, as if it had come over its connection; answers as it would be answered
    /// there. What is called the same has its effect once, and the same answer.
    ///
    /// # Errors
    /// What it is refused with; `BUSY` when the session does not answer.
    pub async fn command(
        &self,
        id: SessionId,
        message: ClientMessage,
        called: Option<MessageId>,
    ) -> Result<ServerMessage, ErrorMessage> {
        let asked =
            |to| session::Mail::Do { message: Box::new(message.clone()), message_id: called.clone(), to };
        self.ask(id, asked).await?
    }

    /// Ends a session's presence: out of the world, connection closed. Its row in the store is the caller's.
    pub fn end_session(&self, id: SessionId, farewell: Farewell) {
        if let Some(door) = self.sessions().running(&id) {
            notify(&door, session::Mail::End { farewell, to: None });
        }
    }

    /// Notes that a session's token was used; written in bulk.
    pub fn note_use(&self, id: SessionId) {
        let now_ms = self.clock().now().wall_ms;
        self.inner.used.lock().unwrap_or_else(PoisonError::into_inner).insert(id, now_ms);
    }

    pub(crate) fn take_used(&self) -> Vec<(SessionId, i64)> {
        self.inner.used.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }

    pub fn is_draining(&self) -> bool {
        self.inner.draining.load(Ordering::Relaxed)
    }

    /// Stops the world: everybody is told when to come back, every position is on disk. Closing the store is the caller's.
    pub async fn drain(&self) {
        self.inner.draining.store(true, Ordering::Relaxed);
        let sessions = self.sessions().all_running();
        log::info!("draining: {} sessions", sessions.len());
        let mut told = Vec::with_capacity(sessions.len());
        for (index, (_, door, _)) in sessions.iter().enumerate() {
            let (to, done) = oneshot::channel();
            let retry_after_ms = index as u64 * COMEBACK_MS / sessions.len() as u64;
            let farewell =
                Farewell::new(CloseCode::Restart, "the server restarts").retry_after(retry_after_ms);
            notify(door, session::Mail::End { farewell, to: Some(to) });
            told.push(done);
        }
        let all = futures_util::future::join_all(told);
        if tokio::time::timeout(DRAIN_TIMEOUT, all).await.is_err() {
            log::warn!("some sessions did not end in time");
        }
        let outboxes: Vec<_> = sessions.into_iter().map(|(id, _, outbox)| (id, outbox)).collect();
        if let Err(error) = self.keep_sessions(&outboxes).await {
            log::warn!("sessions could not be kept for the next start: {}", error.error_message);
        }
        let flushed = self.take_used();
        if let Err(error) = self.store().write(storage::sessions::touch(flushed)).await {
            log::warn!("the last use of some sessions could not be saved: {error}");
        }
    }
}
