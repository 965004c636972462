-- Everything that ever happened to a day under way, in its order. Its key in `days` is 'live/' and the id of the live day.
-- Moments are in seconds since 1970. Columns before the body say again what the body has, for queries.
CREATE TABLE record (
    day_id TEXT NOT NULL REFERENCES days,
    number BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    event_id TEXT,
    courier_id TEXT,
    order_id TEXT,
    happened_at BIGINT,
    body TEXT NOT NULL,
    checksum BYTEA NOT NULL,
    PRIMARY KEY (day_id, number)
);

CREATE FUNCTION record_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the record is append-only'; END $$;

CREATE TRIGGER record_keeps BEFORE UPDATE OR DELETE ON record
FOR EACH ROW EXECUTE FUNCTION record_is_append_only();
