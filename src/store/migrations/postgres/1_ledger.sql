-- Who keeps a day, and since which change of hands (epoch).
CREATE TABLE days (
    day_id TEXT PRIMARY KEY,
    epoch BIGINT NOT NULL,
    owner_name TEXT NOT NULL,
    owner_address TEXT NOT NULL,
    -- Milliseconds since 1970.
    lease_until BIGINT NOT NULL
);

-- Everything that ever happened to a day, in its order. Moments are in seconds since 1970, probabilities in hundredths of
-- a percent. Columns before the body say again what the body has, for queries.
CREATE TABLE ledger (
    day_id TEXT NOT NULL REFERENCES days,
    number BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    promise_id TEXT,
    order_id TEXT,
    window_id TEXT,
    window_start BIGINT,
    window_end BIGINT,
    probability_bp BIGINT,
    plan_version BIGINT,
    noise_version TEXT,
    body TEXT NOT NULL,
    checksum BYTEA NOT NULL,
    PRIMARY KEY (day_id, number)
);

CREATE INDEX ledger_by_promise ON ledger (promise_id) WHERE promise_id IS NOT NULL;

CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$;

CREATE TRIGGER ledger_keeps BEFORE UPDATE OR DELETE ON ledger
FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();

-- First answers, for requests that come again.
CREATE TABLE replies (
    request_id TEXT PRIMARY KEY,
    digest BYTEA NOT NULL,
    body BYTEA NOT NULL,
    written_at BIGINT NOT NULL DEFAULT CAST(extract(epoch FROM clock_timestamp()) AS BIGINT)
);
