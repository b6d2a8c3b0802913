//! A simulated world on a paused clock, with a database file that can outlive it.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::{LazyLock, Once};
use std::time::Duration;

use actors::clock::Clock;
use actors::hasher::Hasher;
use actors::{Options, Parts, World};
use protocol::AccountId;
use rules::Content;
use rules::content::BUILTIN;
use storage::accounts::Role;
use storage::{Driver, Store};
use tempfile::TempDir;

use crate::peer::Peer;

/// When the first world of a disk begins, Unix milliseconds.
const BEGINNING_MS: i64 = 1_700_000_000_000;

/// Read once: a process may play thousands of worlds.
static CONTENT: LazyLock<Content> = LazyLock::new(Content::builtin);

/// What outlives a world: its database file, and the time of day.
pub struct Disk {
    folder: TempDir,
    wall_ms: Cell<i64>,
}

impl Disk {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), wall_ms: Cell::new(BEGINNING_MS) }
    }

    /// One with the database that another one had when its world was over.
    pub fn with(database: &[u8]) -> Self {
        let disk = Self::new();
        std::fs::write(disk.path(), database).unwrap();
        disk.wall_ms.set(BEGINNING_MS + 3_600_000);
        disk
    }

    pub fn database(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("world.db")
    }
}

/// How a world is set up.
pub struct Plan {
    pub seed: u64,
    /// Answers of the store take 0 to this long.
    pub delay_ms: u64,
    pub options: Options,
    pub content: Content,
}

impl Default for Plan {
    /// A quick store, and no limits.
    fn default() -> Self {
        let mut options = Options { limits_enabled: false, seed: Some(1), ..Options::default() };
        // Scenes fight whom they choose.
        options.combat.ambushes = false;
        options.passwords.memory_kib = 8;
        options.passwords.iterations = 1;
        Self { seed: 1, delay_ms: 0, options, content: CONTENT.clone() }
    }
}

impl Plan {
    pub fn seeded(seed: u64, delay_ms: u64) -> Self {
        let mut plan = Self { seed, delay_ms, ..Self::default() };
        plan.options.seed = Some(seed);
        plan
    }

    pub fn with(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// The same world on one world shard, so that its ways cross none.
    pub fn on_one_shard(mut self) -> Self {
        let mut files: Vec<(&str, String)> =
            BUILTIN.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        for (_, text) in files.iter_mut().filter(|(name, _)| *name == "locations.toml") {
            for shard in ["fire-and-depth", "sanctums", "wilds", "rifts"] {
                *text = text.replace(shard, "heart");
            }
        }
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        self.content = Content::parse(&files).unwrap();
        self
    }

    /// With the limits that a server has.
    pub fn limited(self) -> Self {
        self.with(|options| options.limits_enabled = true)
    }
}

/// A running world with what a test needs around it.
pub struct Stage {
    pub world: World,
    pub store: Store,
    /// The database file.
    pub path: PathBuf,
    people: Cell<u32>,
}

/// Plays a scene in a fresh world.
pub fn play<T, F: Future<Output = T>>(plan: Plan, scene: impl FnOnce(Stage) -> F) -> T {
    play_on(&Disk::new(), plan, scene)
}

/// Plays a scene in a world on a disk that may have been used before; when it ends, the world is cut off.
pub fn play_on<T, F: Future<Output = T>>(disk: &Disk, plan: Plan, scene: impl FnOnce(Stage) -> F) -> T {
    quiet_faults();
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    actix_rt::System::with_tokio_rt(runtime).block_on(async {
        let clock = Clock::simulated(disk.wall_ms.get());
        let driver = Driver::Inline { seed: plan.seed, delay_ms_max: plan.delay_ms };
        let path = disk.path();
        let store = Store::open(storage::Options { driver, ..storage::Options::new(&path) }).unwrap();
        let world = World::simulated(Parts {
            hasher: Hasher::inline(&plan.options.passwords).unwrap(),
            options: plan.options,
            content: plan.content,
            store: store.clone(),
            clock,
        });
        let played = scene(Stage { world, store: store.clone(), path, people: Cell::new(0) }).await;
        store.close();
        disk.wall_ms.set(clock.now().wall_ms + 1_000);
        played
    })
}

/// Plays a scene on real threads and a real clock: what a seed does not repeat, but a machine does.
pub fn play_on_threads<F: Future<Output = ()>>(scene: impl FnOnce(Stage) -> F) {
    let disk = Disk::new();
    actix_rt::System::new().block_on(async {
        let Plan { mut options, content, .. } = Plan::default();
        options.arbiters = 3;
        let path = disk.path();
        let store = Store::open(storage::Options::new(&path)).unwrap();
        let world = World::start(Parts {
            hasher: Hasher::start(&options.passwords).unwrap(),
            options,
            content,
            store: store.clone(),
            clock: Clock::system(),
        });
        scene(Stage { world, store: store.clone(), path, people: Cell::new(0) }).await;
        store.close();
    });
}

/// Panics that tests ask for are no news.
fn quiet_faults() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let text = panic.payload_as_str().unwrap_or_default();
            if !text.contains("fault armed by a test") {
                loud(panic);
            }
        }));
    });
}

/// Lets the world's time go by.
pub async fn pass(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

impl Stage {
    /// Somebody new, in the world, with a character of the first faction.
    pub async fn player(&self) -> Peer {
        self.player_of(0).await
    }

    /// Somebody new, in the world, with a character of the faction of this index.
    pub async fn player_of(&self, faction: usize) -> Peer {
        let mut peer = self.guest().await;
        peer.make_character(faction).await;
        peer.enter().await;
        peer
    }

    /// Somebody new and signed in, without a character.
    pub async fn guest(&self) -> Peer {
        self.guest_as(Role::Player).await
    }

    pub async fn guest_as(&self, role: Role) -> Peer {
        let number = self.people.get();
        self.people.set(number + 1);
        let name = in_letters(number);
        let address = format!("address of {name}");
        let account = self.world.register(&name, "password", &address).await.unwrap();
        self.appoint(account, role).await;
        Peer::sign_in(&self.world, &name, &address).await
    }

    async fn appoint(&self, account: AccountId, role: Role) {
        self.store.write(storage::accounts::set_role(account, role)).await.unwrap();
    }

    /// Somebody who was here before, as a new session.
    pub async fn again(&self, peer: &Peer) -> Peer {
        let mut again = Peer::sign_in(&self.world, &peer.name, &peer.address).await;
        again.character = peer.character;
        again.ids = peer.ids + 100_000;
        again
    }
}

/// A name of letters only.
pub fn in_letters(number: u32) -> String {
    let letter = |value: u32| char::from(b'a' + u8::try_from(value % 26).unwrap());
    format!("Player-{}{}{}", letter(number / 676), letter(number / 26), letter(number))
}
