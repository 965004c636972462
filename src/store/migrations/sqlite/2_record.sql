-- Everything that ever happened to a day under way, in its order. Its key in `days` is 'live/' and the id of the live day.
-- Moments are in seconds since 1970. Columns before the body say again what the body has, for queries.
CREATE TABLE record (
    day_id TEXT NOT NULL REFERENCES days,
    number INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    event_id TEXT,
    courier_id TEXT,
    order_id TEXT,
    happened_at INTEGER,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (day_id, number)
) STRICT;

CREATE TRIGGER record_keeps BEFORE UPDATE ON record
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;

CREATE TRIGGER record_stays BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
