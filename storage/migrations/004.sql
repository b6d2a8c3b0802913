-- Who dropped what lies on the ground: nobody fills a place alone.

ALTER TABLE ground ADD COLUMN dropped_by INTEGER REFERENCES characters (id);
CREATE INDEX ground_by_dropper ON ground (dropped_by);
