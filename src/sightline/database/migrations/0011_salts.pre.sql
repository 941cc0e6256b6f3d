-- Pseudonyms and visits.

-- The random salt of a period. At its end the salt is destroyed and the row stays, to prove when.
CREATE TABLE salt (
    period       text COLLATE "C" NOT NULL CHECK (period IN ('day', 'week', 'month')),
    starts_ms    bigint NOT NULL,
    ends_ms      bigint NOT NULL CHECK (ends_ms > starts_ms),
    salt         bytea CHECK (length(salt) = 32),
    created_at   timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    PRIMARY KEY (period, starts_ms),
    CHECK ((salt IS NULL) = (destroyed_at IS NOT NULL))
);

-- The visit that a visitor has open, so that all nodes see the same one. Nothing is lost when the server crashes but
-- the continuity of visits that were open, so the table does without write-ahead log.
CREATE UNLOGGED TABLE open_visit (
    visitor    bigint PRIMARY KEY,
    site       bigint NOT NULL,
    visit      bigint NOT NULL,
    person     bigint,
    started_ms bigint NOT NULL,
    last_ms    bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX open_visit_last ON open_visit USING brin (last_ms) WITH (pages_per_range = 32, autosummarize = on);
