-- The whole database, readable top to bottom: SQLite, STRICT tables.
--
-- Times are Unix milliseconds, UTC, and end in `_at`. Every `id` that goes over the wire is never used twice
-- (AUTOINCREMENT). What people made is deleted softly (`deleted_at`): ledger and history keep pointing at it.
-- `PRAGMA user_version` counts the migrations; storage/migrate.rs says how to add one.

-- "SHMD": how a file is known to be ours before anything is written to it.
PRAGMA application_id = 0x53484D44;

-- People ----------------------------------------------------------------------------------------------------

-- A person who can sign in.
CREATE TABLE accounts (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    -- As it was typed, for showing.
    username      TEXT    NOT NULL,
    -- Normalised and folded: two names that look the same are the same. Stays taken after a deletion, so that
    -- nobody can pass for somebody who left.
    username_key  TEXT    NOT NULL UNIQUE,
    -- Argon2id as a PHC string; NULL: can't sign in by password (bots, deleted accounts).
    password_hash TEXT,
    role          TEXT    NOT NULL DEFAULT 'player' CHECK (role IN ('player', 'moderator', 'admin')),
    created_at    INTEGER NOT NULL,
    deleted_at    INTEGER
) STRICT;

-- From where accounts were signed in to: their owners are not slowed down there by strangers' failures.
CREATE TABLE known_places (
    -- SHA-256 of the account's key and the address: enough to recognise a place, not to list any.
    place        BLOB    PRIMARY KEY CHECK (length(place) = 32),
    account_id   INTEGER NOT NULL REFERENCES accounts (id),
    last_seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX known_places_by_account ON known_places (account_id);
CREATE INDEX known_places_by_age ON known_places (last_seen_at);

-- One signed-in presence: what a token opens. Lives until `expires_at`, or until it lay unused for `idle_ms`.
CREATE TABLE sessions (
    -- UUID as text. Names a session, doesn't open it.
    id           TEXT    PRIMARY KEY,
    account_id   INTEGER NOT NULL REFERENCES accounts (id),
    -- SHA-256 of the token; the token itself is never stored.
    token_hash   BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    -- The character it plays, if it has chosen one.
    character_id INTEGER REFERENCES characters (id),
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    idle_ms      INTEGER NOT NULL CHECK (idle_ms > 0),
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_character ON sessions (character_id) WHERE character_id IS NOT NULL;

-- What a planned stop keeps for the next start, for those who come back within a minute.
-- A frame is written once, however many sessions hold it.
CREATE TABLE kept_frames (
    number     INTEGER PRIMARY KEY,
    -- The message, as JSON.
    message    TEXT    NOT NULL,
    -- The command it answers.
    message_id TEXT,
    told_at    INTEGER NOT NULL
) STRICT;
CREATE TABLE kept_sessions (
    session_id TEXT    PRIMARY KEY,
    -- SHA-256 of the token that resumes it.
    token_hash BLOB    NOT NULL CHECK (length(token_hash) = 32),
    -- Of the one before it, while it holds too.
    older_hash BLOB    CHECK (length(older_hash) = 32),
    -- The number of its last event.
    last_seq   INTEGER NOT NULL,
    -- The number of the last one that was sent.
    last_sent  INTEGER NOT NULL,
    -- [[seq, number of the frame], …] as JSON, oldest first.
    events     TEXT    NOT NULL,
    kept_at    INTEGER NOT NULL
) STRICT;

-- Characters ------------------------------------------------------------------------------------------------

CREATE TABLE characters (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id   INTEGER NOT NULL REFERENCES accounts (id),
    name         TEXT    NOT NULL,
    -- Normalised and folded. NULL once a deleted character's name is free again (after seven days).
    name_key     TEXT    UNIQUE CHECK (name_key IS NOT NULL OR deleted_at IS NOT NULL),
    race         TEXT    NOT NULL,
    class        TEXT    NOT NULL,
    faction      TEXT    NOT NULL,

    strength     INTEGER NOT NULL,
    dexterity    INTEGER NOT NULL,
    intelligence INTEGER NOT NULL,
    constitution INTEGER NOT NULL,
    wisdom       INTEGER NOT NULL,
    charisma     INTEGER NOT NULL,

    health       INTEGER NOT NULL CHECK (health BETWEEN 0 AND max_health),
    max_health   INTEGER NOT NULL,
    stamina      INTEGER NOT NULL CHECK (stamina BETWEEN 0 AND max_stamina),
    max_stamina  INTEGER NOT NULL,
    mana         INTEGER NOT NULL CHECK (mana BETWEEN 0 AND max_mana),
    max_mana     INTEGER NOT NULL,

    level        INTEGER NOT NULL CHECK (level >= 1),
    experience   INTEGER NOT NULL CHECK (experience >= 0),
    -- The currency: always the sum of its ledger entries. At most what JSON keeps exact.
    souls        INTEGER NOT NULL CHECK (souls BETWEEN 0 AND 9007199254740991),

    -- Where it is: metres within the location.
    location_id  INTEGER NOT NULL,
    x            REAL    NOT NULL CHECK (x BETWEEN -1e9 AND 1e9),
    y            REAL    NOT NULL CHECK (y BETWEEN -1e9 AND 1e9),
    z            REAL    NOT NULL CHECK (z BETWEEN -1e9 AND 1e9),

    -- Raised whenever a session takes the character. Every write names it, so a stale owner can't write.
    epoch        INTEGER NOT NULL DEFAULT 0,
    -- Raised by every change of what the character owns, wears or is. Such a change names the version it is based on.
    sheet_version INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    deleted_at   INTEGER
) STRICT;
CREATE INDEX characters_by_account ON characters (account_id);
-- For the sweep that frees names.
CREATE INDEX characters_deleted ON characters (deleted_at) WHERE deleted_at IS NOT NULL AND name_key IS NOT NULL;

-- Answers to commands that wrote something, kept for 24 hours: a retry has its effect once and gets the same.
CREATE TABLE answers (
    -- Increases with time: the sweep and "the newest" go by it.
    id           INTEGER PRIMARY KEY,
    character_id INTEGER NOT NULL REFERENCES characters (id),
    -- The client's own name for its command.
    message_id   TEXT    NOT NULL CHECK (length(message_id) BETWEEN 1 AND 64),
    -- The message as it was sent, as JSON.
    answer       TEXT    NOT NULL,
    kept_at      INTEGER NOT NULL,
    UNIQUE (character_id, message_id)
) STRICT;
CREATE INDEX answers_by_character ON answers (character_id, id);

-- The same for what belongs to an account: requests that their client gave a name, over REST or WebSocket.
CREATE TABLE requests (
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    -- "rest:" or "ws:", then the client's own name.
    name        TEXT    NOT NULL CHECK (length(name) BETWEEN 4 AND 70),
    -- SHA-256 of a request over REST: another of the same name is refused.
    fingerprint BLOB    NOT NULL,
    -- The body of the response, or the message; JSON.
    answer      TEXT    NOT NULL,
    kept_at     INTEGER NOT NULL,
    UNIQUE (account_id, name)
) STRICT;
CREATE INDEX requests_by_time ON requests (kept_at);

-- Whom players want nothing from: no invitation, no trade, no challenge, no whisper.
CREATE TABLE blocks (
    -- Who blocks: it holds for all characters of the account.
    account_id   INTEGER NOT NULL REFERENCES accounts (id),
    -- Who is blocked, as the player knows him: all characters of the same account are.
    character_id INTEGER NOT NULL REFERENCES characters (id),
    blocked_at   INTEGER NOT NULL,
    PRIMARY KEY (account_id, character_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX blocks_by_character ON blocks (character_id);

-- Property --------------------------------------------------------------------------------------------------

-- Things there is one of: each has a serial and at most one owner. What is used up keeps its row: the ledger names it.
CREATE TABLE items (
    serial     INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What it is, for example 'longsword'; content/items.toml lists the kinds.
    kind       TEXT    NOT NULL,
    -- NULL: nobody's. It lies somewhere, or is gone.
    owner_id   INTEGER REFERENCES characters (id),
    -- Where its owner wears it, if so.
    worn       TEXT    CHECK (worn IN ('weapon', 'armor', 'trinket')),
    created_at INTEGER NOT NULL,
    CHECK (worn IS NULL OR owner_id IS NOT NULL)
) STRICT;
CREATE INDEX items_by_owner ON items (owner_id) WHERE owner_id IS NOT NULL;
CREATE UNIQUE INDEX items_worn ON items (owner_id, worn) WHERE worn IS NOT NULL;

-- Things that are only counted.
CREATE TABLE stacks (
    owner_id INTEGER NOT NULL REFERENCES characters (id),
    kind     TEXT    NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 9007199254740991),
    PRIMARY KEY (owner_id, kind)
) STRICT, WITHOUT ROWID;

-- What lies on the ground until somebody picks it up, or its time is over: then the row goes.
CREATE TABLE ground (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Where it lies: metres within the location.
    location_id INTEGER NOT NULL,
    x           REAL    NOT NULL CHECK (x BETWEEN -1e9 AND 1e9),
    y           REAL    NOT NULL CHECK (y BETWEEN -1e9 AND 1e9),
    z           REAL    NOT NULL CHECK (z BETWEEN -1e9 AND 1e9),
    kind        TEXT    NOT NULL,
    -- Of an item, which is nobody's meanwhile; NULL for what is only counted.
    serial      INTEGER UNIQUE REFERENCES items (serial),
    quantity    INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 9007199254740991),
    dropped_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    -- NULL: dropped before this was written down.
    dropped_by  INTEGER REFERENCES characters (id),
    CHECK (serial IS NULL OR quantity = 1)
) STRICT;
CREATE INDEX ground_by_location ON ground (location_id);
CREATE INDEX ground_by_expiry ON ground (expires_at);
CREATE INDEX ground_by_dropper ON ground (dropped_by);

-- Why property changed hands. All entries of a transfer are written in the transaction that moves the property.
CREATE TABLE transfers (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    reason  TEXT    NOT NULL,
    -- Names what may happen only once, for example a trade by its id.
    cause   TEXT    UNIQUE,
    made_at INTEGER NOT NULL
) STRICT;

-- The two or more entries of a transfer: what each holder gained or lost. Per transfer, asset and serial they
-- add up to zero.
CREATE TABLE ledger (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    transfer_id INTEGER NOT NULL REFERENCES transfers (id),
    -- NULL, without `ground_id`: the world, from which what is created comes and to which what is destroyed goes.
    holder_id   INTEGER REFERENCES characters (id),
    -- 'souls', or the kind of an item or stack.
    asset       TEXT    NOT NULL,
    -- Of an item; NULL for souls and stacks.
    serial      INTEGER REFERENCES items (serial),
    delta       INTEGER NOT NULL CHECK (delta <> 0 AND (serial IS NULL OR delta IN (-1, 1))),
    -- What holds it if nobody does and it is not gone: a row of `ground`, as long as it is there.
    ground_id   INTEGER CHECK (ground_id IS NULL OR holder_id IS NULL)
) STRICT;
CREATE INDEX ledger_by_transfer ON ledger (transfer_id);
CREATE INDEX ledger_by_holder ON ledger (holder_id, asset);
CREATE INDEX ledger_by_serial ON ledger (serial) WHERE serial IS NOT NULL;

-- Parties ---------------------------------------------------------------------------------------------------

-- Parties under way: each is led by one of its members.
CREATE TABLE parties (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT    NOT NULL,
    leader_id    INTEGER NOT NULL,
    loot_sharing TEXT    NOT NULL CHECK (loot_sharing IN ('equal', 'leader', 'roll')),
    max_members  INTEGER NOT NULL CHECK (max_members BETWEEN 1 AND 6),
    created_at   INTEGER NOT NULL,
    -- Looked at when the transaction ends: the leader may join, or go, in the same one.
    FOREIGN KEY (leader_id, id) REFERENCES party_members (character_id, party_id) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX parties_by_leader ON parties (leader_id, id);

-- Who is in them: nobody in two, and none is without its party.
CREATE TABLE party_members (
    character_id INTEGER PRIMARY KEY REFERENCES characters (id),
    party_id     INTEGER NOT NULL REFERENCES parties (id) DEFERRABLE INITIALLY DEFERRED,
    -- Those who joined earlier come first.
    place        INTEGER NOT NULL,
    UNIQUE (character_id, party_id)
) STRICT;
CREATE INDEX party_members_by_party ON party_members (party_id);

-- Who is invited into them and has not answered.
CREATE TABLE party_invitations (
    -- Increases with time.
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    party_id     INTEGER NOT NULL REFERENCES parties (id) ON DELETE CASCADE,
    invitee_id   INTEGER NOT NULL REFERENCES characters (id),
    inviter_id   INTEGER NOT NULL REFERENCES characters (id),
    expires_at   INTEGER NOT NULL,
    UNIQUE (party_id, invitee_id)
) STRICT;
CREATE INDEX party_invitations_by_invitee ON party_invitations (invitee_id);
CREATE INDEX party_invitations_by_inviter ON party_invitations (inviter_id);

-- Combat ----------------------------------------------------------------------------------------------------

-- Combats under way: enough to go on with them in the next process.
CREATE TABLE combats (
    -- UUID as text.
    id       TEXT    PRIMARY KEY,
    -- How it stands, as JSON.
    state    TEXT    NOT NULL,
    -- The crystal shard whose guardian is fought: it is contested as long as this row is there.
    shard_id INTEGER REFERENCES crystal_shards (id),
    saved_at INTEGER NOT NULL
) STRICT;
CREATE INDEX combats_by_shard ON combats (shard_id) WHERE shard_id IS NOT NULL;

-- Who fights in them: nobody in two.
CREATE TABLE combat_fighters (
    character_id INTEGER PRIMARY KEY REFERENCES characters (id),
    combat_id    TEXT    NOT NULL REFERENCES combats (id)
) STRICT;
CREATE INDEX combat_fighters_by_combat ON combat_fighters (combat_id);

-- What a combat left of a character, until it is put into effect: then the row goes, in the same transaction.
CREATE TABLE aftermaths (
    character_id INTEGER NOT NULL REFERENCES characters (id),
    combat_id    TEXT    NOT NULL,
    -- Health, experience, souls, loot and so on, as JSON.
    aftermath    TEXT    NOT NULL,
    made_at      INTEGER NOT NULL,
    PRIMARY KEY (character_id, combat_id)
) STRICT, WITHOUT ROWID;

-- Quests ----------------------------------------------------------------------------------------------------

-- How far characters are with the quests of content/quests.toml; those without progress have no row.
CREATE TABLE quests (
    character_id INTEGER NOT NULL REFERENCES characters (id),
    -- As the content calls it.
    quest_id     TEXT    NOT NULL,
    progress     INTEGER NOT NULL CHECK (progress >= 0),
    -- When what it brings was given; NULL: it is not completed.
    completed_at INTEGER,
    PRIMARY KEY (character_id, quest_id)
) STRICT, WITHOUT ROWID;

-- Chat ------------------------------------------------------------------------------------------------------

-- What was said in rooms. The sender is no reference: a line stays as it was said, whoever comes or goes.
CREATE TABLE chat_lines (
    -- 'global', 'faction:NAME', 'say:LOCATION' or 'party:ID'.
    room        TEXT    NOT NULL,
    -- Increases within the room: the order everybody sees.
    chat_id     INTEGER NOT NULL CHECK (chat_id > 0),
    sender_id   INTEGER NOT NULL,
    sender_name TEXT    NOT NULL,
    content     TEXT    NOT NULL,
    said_at     INTEGER NOT NULL,
    PRIMARY KEY (room, chat_id)
) STRICT, WITHOUT ROWID;

-- What was said between two characters.
CREATE TABLE whispers (
    -- Increases with every whisper.
    chat_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    sender_id    INTEGER NOT NULL,
    sender_name  TEXT    NOT NULL,
    recipient_id INTEGER NOT NULL,
    content      TEXT    NOT NULL,
    said_at      INTEGER NOT NULL
) STRICT;

-- The world -------------------------------------------------------------------------------------------------

-- The world as a whole: one row.
CREATE TABLE world (
    id                INTEGER PRIMARY KEY CHECK (id = 1),
    current_reality   TEXT    NOT NULL,
    reality_stability REAL    NOT NULL CHECK (reality_stability BETWEEN 0 AND 100),
    total_aetherfalls INTEGER NOT NULL CHECK (total_aetherfalls >= 0)
) STRICT;
INSERT INTO world (id, current_reality, reality_stability, total_aetherfalls) VALUES (1, 'Neutral', 100, 0);

-- The crystal shards, as far as they change; content/crystal_shards.toml says the rest.
CREATE TABLE crystal_shards (
    id                INTEGER PRIMARY KEY,
    name              TEXT    NOT NULL,
    owning_faction    TEXT,
    -- The character that took it, and when.
    captured_by       INTEGER REFERENCES characters (id),
    captured_at       INTEGER,
    -- Raised whenever it changes hands or is sealed. Whoever wants to take it names the one he fought for.
    epoch             INTEGER NOT NULL DEFAULT 0,
    guardian_defeated INTEGER NOT NULL DEFAULT 0 CHECK (guardian_defeated IN (0, 1)),
    power_level       INTEGER NOT NULL DEFAULT 100 CHECK (power_level >= 0),
    -- While its guardian is fought it is told as contested, whatever is here; sealed it stays.
    status            TEXT    NOT NULL DEFAULT 'unclaimed'
        CHECK (status IN ('unclaimed', 'contested', 'controlled', 'sealed', 'lost')),
    CHECK ((owning_faction IS NULL) = (captured_at IS NULL))
) STRICT;
CREATE INDEX crystal_shards_by_captor ON crystal_shards (captured_by) WHERE captured_by IS NOT NULL;

-- Who held which shard: outlives aetherfalls.
CREATE TABLE shard_history (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    shard_id         INTEGER NOT NULL REFERENCES crystal_shards (id),
    -- NULL: released.
    faction          TEXT,
    previous_faction TEXT,
    character_id     INTEGER REFERENCES characters (id),
    -- The combat by which it was taken: one takes one shard once. Outlives the combat's own row.
    combat_id        TEXT,
    happened_at      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX shard_history_by_combat ON shard_history (combat_id) WHERE combat_id IS NOT NULL;
CREATE INDEX shard_history_by_shard ON shard_history (shard_id, id);

-- What is worth remembering, for GET /api/world/events.
CREATE TABLE world_events (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    event_type  TEXT    NOT NULL
        CHECK (event_type IN ('shard_capture', 'reality_shift', 'aetherfall', 'faction_war', 'announcement')),
    title       TEXT    NOT NULL,
    description TEXT    NOT NULL,
    faction     TEXT,
    happened_at INTEGER NOT NULL
) STRICT;
