-- Who keeps a day, and since which change of hands (epoch).
CREATE TABLE days (
    day_id TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    owner_name TEXT NOT NULL,
    owner_address TEXT NOT NULL,
    -- Milliseconds since 1970.
    lease_until INTEGER NOT NULL
) STRICT;

-- Everything that ever happened to a day, in its order. Moments are in seconds since 1970, probabilities in hundredths of
-- a percent. Columns before the body say again what the body has, for queries.
CREATE TABLE ledger (
    day_id TEXT NOT NULL REFERENCES days,
    number INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    promise_id TEXT,
    order_id TEXT,
    window_id TEXT,
    window_start INTEGER,
    window_end INTEGER,
    probability_bp INTEGER,
    plan_version INTEGER,
    noise_version TEXT,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (day_id, number)
) STRICT;

CREATE INDEX ledger_by_promise ON ledger (promise_id) WHERE promise_id IS NOT NULL;

CREATE TRIGGER ledger_keeps BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER ledger_stays BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- First answers, for requests that come again.
CREATE TABLE replies (
    request_id TEXT PRIMARY KEY,
    digest BLOB NOT NULL,
    body BLOB NOT NULL,
    written_at INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT;
