//! The supervisor: who has an address, who died, who may start again.
//!
//! Looking up is a lock and a map, never a message; whoever talks to an entity keeps its door.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix::{Actor, AsyncContext, Context, Handler, Message};
use protocol::SessionId;
use protocol::admin;
use protocol::ids::{CombatId, PartyId};
use rules::venue::RoomKey;

use crate::entity::{Birth, Door, Entity, Watcher};
use crate::options::Restarts;
use crate::record::Record;
use crate::session;
use crate::sweep;
use crate::world::World;

/// Names a venue, of whatever kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VenueName {
    Room(RoomKey),
    Shard(String),
    /// By its id.
    Trade(String),
    Combat(CombatId),
    Realm,
    Party(PartyId),
}

impl fmt::Display for VenueName {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Room(room) => write!(out, "room {room}"),
            Self::Shard(shard) => write!(out, "world shard {shard}"),
            Self::Trade(_) => out.write_str("trade"),
            Self::Combat(_) => out.write_str("combat"),
            Self::Realm => out.write_str("realm"),
            Self::Party(party) => write!(out, "party {party}"),
        }
    }
}

/// The entity panicked too often and rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quarantined {
    pub retry_after_ms: u64,
}

struct Entry<E: Entity> {
    door: Option<Door<E>>,
    generation: u64,
    arbiter: usize,
    kept: E::Kept,
    record: Record,
    watchers: BTreeMap<SessionId, Watcher>,
}

/// All entities of one kind.
pub struct Table<E: Entity> {
    /// In order, so that whatever is done to all of them repeats.
    entries: Mutex<BTreeMap<E::Key, Entry<E>>>,
    /// Never reused, so that a late death notice can't name a successor.
    last_generation: AtomicU64,
}

impl<E: Entity> Default for Table<E> {
    fn default() -> Self {
        Self { entries: Mutex::new(BTreeMap::new()), last_generation: AtomicU64::new(0) }
    }
}

impl<E: Entity> Table<E> {
    /// The door of an entity, which is started if it is not running. `keep` makes what outlives its panics.
    ///
    /// # Errors
    /// [`Quarantined`] while it rests after too many panics.
    pub fn find(
        &self,
        world: &World,
        key: &E::Key,
        keep: impl FnOnce() -> E::Kept,
    ) -> Result<Door<E>, Quarantined> {
        self.find_watched(world, key, keep, None)
    }

    /// Like [`Self::find`]; the watcher hears of the entity's death, and keeps it from being passivated.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn find_watched(
        &self,
        world: &World,
        key: &E::Key,
        keep: impl FnOnce() -> E::Kept,
        watcher: Option<Watcher>,
    ) -> Result<Door<E>, Quarantined> {
        let mut entries = self.lock();
        let entry = entries.entry(key.clone()).or_insert_with(|| Entry {
            door: None,
            generation: 0,
            arbiter: E::arbiter(world, key),
            kept: keep(),
            record: Record::default(),
            watchers: BTreeMap::new(),
        });
        if let Some(retry_after_ms) = entry.record.rests(world.clock().mono_ms()) {
            return Err(Quarantined { retry_after_ms });
        }
        if let Some(watcher) = watcher {
            entry.watchers.insert(watcher.session, watcher);
        }
        if let Some(door) = entry.door.as_ref().filter(|door| door.is_open()) {
            return Ok(door.clone());
        }
        entry.generation = self.last_generation.fetch_add(1, Ordering::Relaxed) + 1;
        let birth = Birth {
            key: key.clone(),
            kept: entry.kept.clone(),
            generation: entry.generation,
            world: world.clone(),
        };
        let door = Door::open(world.arbiter(entry.arbiter), birth);
        entry.door = Some(door.clone());
        Ok(door)
    }

    /// What is kept for an entity, whether it runs or not.
    pub fn kept(&self, key: &E::Key) -> Option<E::Kept> {
        self.lock().get(key).map(|entry| entry.kept.clone())
    }

    /// The door of an entity that runs.
    pub fn running(&self, key: &E::Key) -> Option<Door<E>> {
        self.lock().get(key)?.door.clone().filter(Door::is_open)
    }

    /// Everything that runs.
    pub fn all_running(&self) -> Vec<(E::Key, Door<E>, E::Kept)> {
        let entries = self.lock();
        entries
            .iter()
            .filter_map(|(key, entry)| Some((key.clone(), entry.door.clone()?, entry.kept.clone())))
            .collect()
    }

    /// What `look` says of those that run, of those that it says something of. It must not look anything up itself.
    pub fn survey<T>(
        &self,
        mut look: impl FnMut(&E::Key, &E::Kept) -> Option<T>,
    ) -> Vec<(E::Key, Door<E>, T)> {
        let entries = self.lock();
        let running = entries.iter().filter_map(|(key, entry)| Some((key, entry, entry.door.as_ref()?)));
        running
            .filter_map(|(key, entry, door)| {
                let seen = look(key, &entry.kept)?;
                Some((key.clone(), door.clone(), seen))
            })
            .collect()
    }

    /// No longer interested in the entity's death.
    pub fn unwatch(&self, key: &E::Key, session: SessionId) {
        if let Some(entry) = self.lock().get_mut(key) {
            entry.watchers.remove(&session);
        }
    }

    /// Lets an idle entity go, unless somebody found it in the meantime, or its panics still count. For who never comes
    /// again (`for_good`) they don't. True: it must stop now.
    pub fn let_go(&self, world: &World, key: &E::Key, generation: u64, for_good: bool) -> bool {
        let now_ms = world.clock().mono_ms();
        let restarts = world.options().restarts;
        let mut entries = self.lock();
        let idle = entries.get(key).is_some_and(|entry| {
            entry.generation == generation
                && entry.watchers.is_empty()
                && (for_good || entry.record.is_clean(now_ms, &restarts))
        });
        if idle {
            entries.remove(key);
        }
        idle
    }

    /// Forgets an entity that ends by its own decision, unless a successor has its place.
    pub fn forget(&self, key: &E::Key, generation: u64) {
        let mut entries = self.lock();
        if entries.get(key).is_some_and(|entry| entry.generation == generation) {
            entries.remove(key);
        }
    }

    /// An entity caught its own panic. True: it may go on; false: it is quarantined and must stop.
    pub fn stumbled(&self, world: &World, key: &E::Key) -> bool {
        let now_ms = world.clock().mono_ms();
        let mut entries = self.lock();
        let Some(entry) = entries.get_mut(key) else { return false };
        entry.record.panicked(now_ms, &world.options().restarts);
        entry.record.rests(now_ms).is_none()
    }

    /// Takes a death notice; a late one about an earlier generation changes nothing.
    fn bury(&self, died: &Died<E>, now_ms: u64, restarts: &Restarts) -> Option<Vec<Watcher>> {
        let mut entries = self.lock();
        let entry = entries.get_mut(&died.key)?;
        if entry.generation != died.generation {
            return None;
        }
        entry.door = None;
        if entry.record.rests(now_ms).is_none() {
            entry.record.panicked(now_ms, restarts);
        }
        if let Some(rest_ms) = entry.record.rests(now_ms) {
            log::error!("{} {} panicked too often: quarantined for {rest_ms} ms", E::KIND, died.key);
        }
        Some(std::mem::take(&mut entry.watchers).into_values().collect())
    }

    /// What admins see of this kind.
    pub fn view(&self, now_ms: u64) -> Vec<admin::Entity> {
        let entries = self.lock();
        let mut views: Vec<admin::Entity> = entries
            .iter()
            .map(|(key, entry)| {
                let vitals = entry.door.as_ref().map(Door::vitals);
                let state = match (&entry.door, entry.record.rests(now_ms)) {
                    (_, Some(_)) => "quarantined",
                    (Some(_), None) => "running",
                    (None, None) => "stopped",
                };
                admin::Entity {
                    kind: E::KIND.to_owned(),
                    key: key.to_string(),
                    arbiter: entry.arbiter,
                    state: state.to_owned(),
                    generation: entry.generation,
                    mailbox_depth: vitals.map_or(0, |vitals| vitals.depth()),
                    oldest_message_ms: vitals.map_or(0, |vitals| vitals.oldest_message_ms(now_ms)),
                    handled: vitals.map_or(0, |vitals| vitals.handled_total()),
                    restarts: entry.record.restarts(),
                    members: vitals.map_or(0, |vitals| vitals.members()),
                }
            })
            .collect();
        views.sort_by(|one, other| one.key.cmp(&other.key));
        views
    }

    pub fn len(&self) -> usize {
        self.lock().len()
    }

    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    // The maps are whole between any two statements, so a panic elsewhere does not spoil them.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<E::Key, Entry<E>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn hash_of(kind: &str, key: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    kind.hash(&mut hasher);
    key.hash(&mut hasher);
    hasher.finish()
}

/// News: this entity is no more.
pub struct Died<E: Entity> {
    pub key: E::Key,
    pub generation: u64,
}

impl<E: Entity> Message for Died<E> {
    type Result = ();
}

/// The actor that hears of deaths and looks after what time brings: pings, grace, passivation, clean-up.
pub struct Registry {
    world: World,
}

impl Registry {
    pub fn new(world: World) -> Self {
        Self { world }
    }

    /// Takes a death notice. At most one an entity and generation is under way.
    pub fn hear<E: Entity>(world: &World, died: Died<E>) {
        if let Some(registry) = world.registry() {
            crate::notify::notify_registry(registry, died);
        }
    }
}

impl Actor for Registry {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        for chore in sweep::chores() {
            ctx.run_interval(chore.every, move |registry, _| (chore.work)(&registry.world));
        }
    }
}

impl<E: Entity> Handler<Died<E>> for Registry {
    type Result = ();

    fn handle(&mut self, died: Died<E>, _: &mut Self::Context) {
        let now_ms = self.world.clock().mono_ms();
        let table = E::table(&self.world);
        let Some(watchers) = table.bury(&died, now_ms, &self.world.options().restarts) else { return };
        log::warn!("{} {} died (generation {})", E::KIND, died.key, died.generation);
        E::buried(&self.world, &died.key, watchers);
    }
}

/// Venues start again when somebody next looks for them: who was in it does so at once.
pub fn tell_watchers(watchers: &[Watcher], venue: &VenueName) {
    for watcher in watchers {
        watcher.tell(session::Mail::VenueDied(venue.clone()));
    }
}
