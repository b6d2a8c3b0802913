-- What lies on the ground, and that the ledger knows of it.

CREATE TABLE ground (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    location_id INTEGER NOT NULL,
    x           REAL    NOT NULL CHECK (x BETWEEN -1e9 AND 1e9),
    y           REAL    NOT NULL CHECK (y BETWEEN -1e9 AND 1e9),
    z           REAL    NOT NULL CHECK (z BETWEEN -1e9 AND 1e9),
    kind        TEXT    NOT NULL,
    serial      INTEGER UNIQUE REFERENCES items (serial),
    quantity    INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 9007199254740991),
    dropped_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    CHECK (serial IS NULL OR quantity = 1)
) STRICT;
CREATE INDEX ground_by_location ON ground (location_id);
CREATE INDEX ground_by_expiry ON ground (expires_at);

ALTER TABLE ledger ADD COLUMN ground_id INTEGER CHECK (ground_id IS NULL OR holder_id IS NULL);
