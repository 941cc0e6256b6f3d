-- Masked events of a recording, as they came from one tab.
CREATE TABLE signal_chunk (
    site        bigint NOT NULL DEFAULT 0,
    created_ms  bigint NOT NULL DEFAULT 0,
    visitor     bigint NOT NULL DEFAULT 0,
    visit       bigint NOT NULL DEFAULT 0,
    person      bigint,
    first_ms    bigint NOT NULL DEFAULT 0,
    last_ms     bigint NOT NULL DEFAULT 0,
    received_ms bigint NOT NULL DEFAULT 0,
    batch       bigint NOT NULL DEFAULT 0,
    seq         integer NOT NULL DEFAULT 0,
    events      integer NOT NULL DEFAULT 0,
    dropped     integer NOT NULL DEFAULT 0,
    rules       smallint NOT NULL DEFAULT 0,
    place       smallint NOT NULL DEFAULT 0,
    tab         text COLLATE "C" NOT NULL DEFAULT '',
    document    text COLLATE "C" NOT NULL DEFAULT '',
    data        bytea NOT NULL DEFAULT ''
) PARTITION BY RANGE (received_ms);
CREATE INDEX signal_chunk_batch ON signal_chunk USING brin (batch) WITH (pages_per_range = 32, autosummarize = on);
