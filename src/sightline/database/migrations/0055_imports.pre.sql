-- What was moved in from elsewhere: how far each source was read, and in which batches of the journal its signals stand.
-- Both are written in the transaction that stores the signals, so an import goes on exactly where it ended.
CREATE TABLE imports (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site       bigint NOT NULL REFERENCES sites ON DELETE CASCADE,
    source     text COLLATE "C" NOT NULL,
    part       text COLLATE "C" NOT NULL,
    position   text COLLATE "C" NOT NULL DEFAULT '',
    counts     jsonb NOT NULL DEFAULT '{}',
    started_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    UNIQUE (site, source, part)
);

CREATE TABLE import_batches (
    import bigint NOT NULL REFERENCES imports ON DELETE CASCADE,
    batch  bigint NOT NULL,
    PRIMARY KEY (import, batch)
);
