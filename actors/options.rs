//! Every number the world runs by. The binary fills this from `settings.toml`, which documents each of them.

use rules::combat::CombatLimits;
use rules::ground::GroundLimits;
use rules::party::PartyLimits;

use crate::outbox::OutboxLimits;

/// See `settings.toml`; the defaults here are the same.
#[derive(Debug, Clone)]
pub struct Options {
    /// Arbiters (threads) that entities run on; 0 is one a core.
    pub arbiters: usize,
    pub mailboxes: Mailboxes,
    pub restarts: Restarts,
    /// A venue without members is let go after this.
    pub passivate_ms: u64,
    pub session: SessionOptions,
    pub outbox: OutboxLimits,
    pub passwords: PasswordOptions,
    pub rates: Rates,
    /// False lifts rates, strikes, per-address and per-account counts. Never sizes, queues, deadlines.
    pub limits_enabled: bool,
    pub world: WorldOptions,
    pub trade: TradeOptions,
    pub party: PartyOptions,
    pub chat: ChatOptions,
    pub combat: CombatOptions,
    /// Frames of peers who encrypt are opened and answered with this.
    pub encryption: Option<EncryptionOptions>,
    /// Makes all dice of a run repeatable; absent: seeded by the system.
    pub seed: Option<u64>,
}

/// How much mail may wait, by kind of entity; more is refused with `BUSY`.
#[derive(Debug, Clone, Copy)]
pub struct Mailboxes {
    pub session: usize,
    pub room: usize,
    pub world_shard: usize,
    pub trade: usize,
    pub combat: usize,
    pub party: usize,
}

/// More than `panics_max` panics within `window_ms` send an entity to rest.
#[derive(Debug, Clone, Copy)]
pub struct Restarts {
    pub panics_max: usize,
    pub window_ms: u64,
    pub quarantine_ms: u64,
    pub quarantine_max_ms: u64,
}

/// How long sessions and their connections live, and how many there may be.
#[derive(Debug, Clone, Copy)]
pub struct SessionOptions {
    /// A token that is not used for this long ends.
    pub idle_ms: i64,
    /// A token ends after this, used or not.
    pub absolute_ms: i64,
    /// Live sessions of one account; a newer one ends the oldest.
    pub per_account: usize,
    /// A character stays in the world this long after its last connection ended.
    pub grace_ms: u64,
    /// Characters of one account.
    pub characters_max: u32,
    /// A connection that is silent for this long is pinged.
    pub ping_ms: u64,
    /// A pinged connection that stays silent for this long is ended.
    pub pong_wait_ms: u64,
    /// Limited messages within ten seconds that end a connection.
    pub strikes_max: u32,
}

/// What passwords must be, and what hashing one costs (argon2id).
#[derive(Debug, Clone, Copy)]
pub struct PasswordOptions {
    pub memory_kib: u32,
    pub iterations: u32,
    pub parallelism: u32,
    /// Passwords that may wait to be hashed; more are refused with `BUSY`.
    pub queue: usize,
    pub length_min: usize,
    /// Refuse the most common passwords.
    pub refuse_common: bool,
}

/// A token bucket: `burst` at once, then one every `every_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub every_ms: u64,
    pub burst: u32,
}

impl Rate {
    pub const fn new(burst: u32, every_ms: u64) -> Self {
        Self { every_ms, burst }
    }
}

/// How often one may do what.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Messages of a session, all kinds together.
    pub messages: Rate,
    /// Bytes of a session: `burst` bytes at once, then one KiB every `every_ms`.
    pub kibibytes: Rate,
    pub moves: Rate,
    /// Chat of every kind: per account.
    pub chat: Rate,
    /// Chat to a faction or to the whole world, on top of that.
    pub chat_wide: Rate,
    /// Whispers to somebody new.
    pub whisper_new: Rate,
    /// The same for accounts in their first day.
    pub whisper_new_young: Rate,
    /// Acknowledgements without a name.
    pub acks: Rate,
    /// Lists of one's own things: per account.
    pub lists: Rate,
    /// Questions about the world: per account, or per address of somebody who is not signed in.
    pub world: Rate,
    /// Creating, selecting and deleting characters: per account.
    pub characters: Rate,
    /// The last three together, per address.
    pub dear: Rate,
    /// Wearing, using, dropping, picking up, buying and selling things.
    pub inventory: Rate,
    /// Dropping and picking up, on top of that: per account.
    pub ground: Rate,
    /// Offers, accepts and the like in a trade.
    pub trade: Rate,
    /// Requests to trade: per account.
    pub trade_request: Rate,
    /// Making, changing and leaving parties, invitations and the answers to them.
    pub party: Rate,
    /// Challenges and moves in fights.
    pub combat: Rate,
    /// Failed sign-ins per account and address.
    pub login: Rate,
    /// Failed sign-ins per address.
    pub login_address: Rate,
    /// Failed sign-ins per account before strangers wait.
    pub login_account: Rate,
    /// Registrations per address.
    pub register: Rate,
}

/// How often the world moves, and how far one sees in it.
#[derive(Debug, Clone, Copy)]
pub struct WorldOptions {
    pub tick_hz: u32,
    /// How far one sees, in metres.
    pub view_range_m: f64,
    /// How many one sees at most.
    pub view_max: usize,
    /// Classic clients hear of positions this often at most.
    pub updates_hz: u32,
    /// Positions that changed are saved this often.
    pub save_every_ms: u64,
    /// What lies on the ground.
    pub ground: GroundLimits,
}

/// How long a trade may take, and how large it may be.
#[derive(Debug, Clone, Copy)]
pub struct TradeOptions {
    /// From the request to the second accept.
    pub window_ms: u64,
    /// Different things on one side of the window.
    pub lines_max: usize,
}

/// How large a party may be, and how long it waits.
#[derive(Debug, Clone, Copy)]
pub struct PartyOptions {
    pub members_max: u32,
    pub limits: PartyLimits,
}

/// How much of what was said is kept and shown.
#[derive(Debug, Clone, Copy)]
pub struct ChatOptions {
    /// Lines of history for a newcomer.
    pub history: usize,
    /// Lines a room keeps on disk.
    pub keep_lines: usize,
    /// Whispers that are kept on disk, of all people together.
    pub keep_whispers: usize,
    /// Longest outgoing message; histories are paged.
    pub page_bytes: usize,
}

/// How fights go.
#[derive(Debug, Clone, Copy)]
pub struct CombatOptions {
    pub limits: CombatLimits,
    /// Who was defeated can't be challenged by characters for this long.
    pub truce_ms: u64,
    /// Whether enemies come upon characters by themselves.
    pub ambushes: bool,
    /// Not for this long after a fight.
    pub ambush_pause_ms: u64,
}

/// The key that sealed frames are opened with.
#[derive(Clone)]
pub struct EncryptionOptions {
    pub password: String,
    pub iterations: u32,
}

impl std::fmt::Debug for EncryptionOptions {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(out, "EncryptionOptions {{ iterations: {} }}", self.iterations)
    }
}

impl Default for Restarts {
    fn default() -> Self {
        Self { panics_max: 3, window_ms: 5_000, quarantine_ms: 60_000, quarantine_max_ms: 900_000 }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            messages: Rate::new(60, 33),
            kibibytes: Rate::new(128, 31),
            moves: Rate::new(40, 50),
            chat: Rate::new(5, 1_000),
            chat_wide: Rate::new(5, 5_000),
            whisper_new: Rate::new(60, 60_000),
            whisper_new_young: Rate::new(10, 360_000),
            acks: Rate::new(200, 20),
            lists: Rate::new(5, 1_000),
            combat: Rate::new(20, 100),
            world: Rate::new(20, 200),
            characters: Rate::new(10, 5_000),
            dear: Rate::new(200, 20),
            inventory: Rate::new(20, 200),
            ground: Rate::new(20, 1_000),
            trade: Rate::new(10, 200),
            trade_request: Rate::new(5, 5_000),
            party: Rate::new(10, 3_333),
            login: Rate::new(5, 60_000),
            login_address: Rate::new(20, 6_000),
            login_account: Rate::new(30, 120_000),
            register: Rate::new(3, 5_900),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            arbiters: 0,
            mailboxes: Mailboxes {
                session: 64,
                room: 256,
                world_shard: 1_024,
                trade: 256,
                combat: 64,
                party: 64,
            },
            restarts: Restarts::default(),
            passivate_ms: 60_000,
            session: SessionOptions {
                idle_ms: 3_600_000,
                absolute_ms: 86_400_000,
                per_account: 5,
                grace_ms: 60_000,
                characters_max: 8,
                ping_ms: 15_000,
                pong_wait_ms: 25_000,
                strikes_max: 50,
            },
            outbox: OutboxLimits::default(),
            passwords: PasswordOptions {
                memory_kib: 19_456,
                iterations: 2,
                parallelism: 1,
                queue: 64,
                length_min: 6,
                refuse_common: false,
            },
            rates: Rates::default(),
            limits_enabled: true,
            world: WorldOptions {
                tick_hz: 20,
                view_range_m: 100.0,
                view_max: 20,
                updates_hz: 10,
                save_every_ms: 1_000,
                ground: GroundLimits { most: 50, most_each: 10, lie_ms: 600_000 },
            },
            trade: TradeOptions { window_ms: 120_000, lines_max: 20 },
            party: PartyOptions {
                members_max: 4,
                limits: PartyLimits {
                    invite_ms: 300_000,
                    invites_max: 20,
                    leader_away_ms: 30_000,
                    away_ms: 600_000,
                },
            },
            chat: ChatOptions {
                history: 50,
                keep_lines: 10_000,
                keep_whispers: 100_000,
                page_bytes: 8 * 1024,
            },
            combat: CombatOptions {
                limits: CombatLimits {
                    turn_ms: 30_000,
                    idle_turn_ms: 2_000,
                    absent_ms: 60_000,
                    muster_ms: 5_000,
                    rounds_max: 500,
                    side_max: 6,
                    guardian_min: 4,
                    guardian_health_percent: 20,
                },
                truce_ms: 30_000,
                ambushes: true,
                ambush_pause_ms: 120_000,
            },
            encryption: None,
            seed: None,
        }
    }
}
