-- Recordings of visits that have ended: one object per visit and tab, and what it is found by.
CREATE TABLE recordings (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site       bigint NOT NULL,
    visit      bigint NOT NULL,
    visitor    bigint NOT NULL,
    person     bigint,
    first_ms   bigint NOT NULL,
    last_ms    bigint NOT NULL,
    active_ms  bigint NOT NULL,
    sealed_ms  bigint NOT NULL,
    bytes      bigint NOT NULL,
    index_size integer NOT NULL,
    events     integer NOT NULL,
    dropped    integer NOT NULL,
    missing    integer NOT NULL,
    clicks     integer NOT NULL,
    inputs     integer NOT NULL,
    errors     integer NOT NULL,
    requests   integer NOT NULL,
    failed     integer NOT NULL,
    rules      smallint NOT NULL,
    kept       boolean NOT NULL DEFAULT false,
    tab        text COLLATE "C" NOT NULL,
    object     text COLLATE "C" NOT NULL,
    checksum   text COLLATE "C" NOT NULL,
    pages      text[] COLLATE "C" NOT NULL,
    findings   text[] COLLATE "C" NOT NULL,
    UNIQUE (site, visit, tab)
);
CREATE INDEX recordings_latest ON recordings (site, id DESC);
CREATE INDEX recordings_oldest ON recordings (last_ms) WHERE NOT kept;
CREATE UNIQUE INDEX recordings_object ON recordings (object);
