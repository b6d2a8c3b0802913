-- Whom players want nothing from; which crystal shard is fought for, and by which combat it was taken.

CREATE TABLE blocks (
    account_id   INTEGER NOT NULL REFERENCES accounts (id),
    character_id INTEGER NOT NULL REFERENCES characters (id),
    blocked_at   INTEGER NOT NULL,
    PRIMARY KEY (account_id, character_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX blocks_by_character ON blocks (character_id);

ALTER TABLE combats ADD COLUMN shard_id INTEGER REFERENCES crystal_shards (id);
CREATE INDEX combats_by_shard ON combats (shard_id) WHERE shard_id IS NOT NULL;

ALTER TABLE shard_history ADD COLUMN combat_id TEXT;
CREATE UNIQUE INDEX shard_history_by_combat ON shard_history (combat_id) WHERE combat_id IS NOT NULL;
