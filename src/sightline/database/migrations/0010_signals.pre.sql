-- Signals: what was received, in which order it was committed, and where it is kept once it is sealed.

-- Every process draws 64 batch numbers at once, so that a group commit does not have to ask for one.
CREATE SEQUENCE batch_number AS bigint INCREMENT BY 64;

-- One row per group commit or tombstone. Rows are inserted under a transaction-level advisory lock, so that their
-- order is the order in which they became visible.
CREATE TABLE ledger (
    pos         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch       bigint,
    tombstone   bigint,
    received_ms bigint NOT NULL,
    counts      jsonb  NOT NULL DEFAULT '{}',
    CHECK ((batch IS NULL) <> (tombstone IS NULL))
);

-- What may be sent twice is known by its key for two days.
CREATE TABLE batch_key (
    key         uuid   PRIMARY KEY,
    received_ms bigint NOT NULL
);
CREATE INDEX batch_key_received ON batch_key USING brin (received_ms) WITH (pages_per_range = 32, autosummarize = on);

-- How far the journal was sealed into extents and pruned. `generation` goes up whenever stored rows were rewritten or
-- restored in a way that no ledger row tells: every warehouse is rebuilt then.
CREATE TABLE journal_state (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    sealed_pos bigint  NOT NULL DEFAULT 0,
    pruned_pos bigint  NOT NULL DEFAULT 0,
    generation bigint  NOT NULL DEFAULT 1,
    CHECK (pruned_pos <= sealed_pos)
);
INSERT INTO journal_state DEFAULT VALUES;

-- Parquet files in the object store. A replaced one stays readable for a while, for those who are reading it.
CREATE TABLE extent (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text COLLATE "C" NOT NULL,
    day         date   NOT NULL,
    object      text COLLATE "C" NOT NULL UNIQUE,
    rows        bigint NOT NULL CHECK (rows > 0),
    size        bigint NOT NULL,
    sha256      bytea  NOT NULL,
    sites       bigint[] NOT NULL,
    site_rows   bigint[] NOT NULL,
    from_ms     bigint NOT NULL,
    to_ms       bigint NOT NULL,
    rules       integer NOT NULL,
    sealed_pos  bigint NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    replaced_at timestamptz
);
CREATE INDEX extent_kind_day ON extent (kind, day) WHERE replaced_at IS NULL;

-- What was erased: the rows whose columns have one of these values, and which are older than `before_ms` if that is
-- set. It stands in the ledger too, so that whoever follows the ledger erases in the right place of the order.
CREATE TABLE tombstone (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason      text COLLATE "C" NOT NULL,
    sites       bigint[] NOT NULL DEFAULT '{}',
    visitors    bigint[] NOT NULL DEFAULT '{}',
    visits      bigint[] NOT NULL DEFAULT '{}',
    persons     bigint[] NOT NULL DEFAULT '{}',
    kinds       text[]   NOT NULL DEFAULT '{}',
    before_ms   bigint,
    pos         bigint,
    rows        bigint   NOT NULL DEFAULT 0,
    requested_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE INDEX tombstone_open ON tombstone (id) WHERE finished_at IS NULL;

-- How many days a kind is kept; site 0 stands for every site that has no row of its own.
CREATE TABLE retention (
    site bigint  NOT NULL,
    kind text COLLATE "C" NOT NULL,
    days integer NOT NULL CHECK (days BETWEEN 1 AND 36500),
    PRIMARY KEY (site, kind)
);

-- A page view, a custom event, a hit of a link or pixel, or an identify, with all that reports ask about it.
CREATE TABLE signal_event (
    site            bigint NOT NULL DEFAULT 0,
    created_ms      bigint NOT NULL DEFAULT 0,
    visitor         bigint NOT NULL DEFAULT 0,
    visit           bigint NOT NULL DEFAULT 0,
    person          bigint,
    revenue         bigint,
    received_ms     bigint NOT NULL DEFAULT 0,
    batch           bigint NOT NULL DEFAULT 0,
    engagement_ms   integer NOT NULL DEFAULT 0,
    rules           smallint NOT NULL DEFAULT 0,
    type            smallint NOT NULL DEFAULT 0,
    place           smallint NOT NULL DEFAULT 0,
    hostname        text COLLATE "C" NOT NULL DEFAULT '',
    path            text COLLATE "C" NOT NULL DEFAULT '',
    query           text COLLATE "C" NOT NULL DEFAULT '',
    title           text COLLATE "C" NOT NULL DEFAULT '',
    referrer_domain text COLLATE "C" NOT NULL DEFAULT '',
    referrer_path   text COLLATE "C" NOT NULL DEFAULT '',
    utm_source      text COLLATE "C" NOT NULL DEFAULT '',
    utm_medium      text COLLATE "C" NOT NULL DEFAULT '',
    utm_campaign    text COLLATE "C" NOT NULL DEFAULT '',
    utm_content     text COLLATE "C" NOT NULL DEFAULT '',
    utm_term        text COLLATE "C" NOT NULL DEFAULT '',
    click           text COLLATE "C" NOT NULL DEFAULT '',
    click_id        text COLLATE "C" NOT NULL DEFAULT '',
    channel         text COLLATE "C" NOT NULL DEFAULT '',
    name            text COLLATE "C" NOT NULL DEFAULT '',
    properties      text COLLATE "C" NOT NULL DEFAULT '',
    currency        text COLLATE "C" NOT NULL DEFAULT '',
    tag             text COLLATE "C" NOT NULL DEFAULT '',
    browser         text COLLATE "C" NOT NULL DEFAULT '',
    os              text COLLATE "C" NOT NULL DEFAULT '',
    device          text COLLATE "C" NOT NULL DEFAULT '',
    screen          text COLLATE "C" NOT NULL DEFAULT '',
    language        text COLLATE "C" NOT NULL DEFAULT '',
    country         text COLLATE "C" NOT NULL DEFAULT '',
    region          text COLLATE "C" NOT NULL DEFAULT '',
    city            text COLLATE "C" NOT NULL DEFAULT ''
) PARTITION BY RANGE (received_ms);
CREATE INDEX signal_event_batch ON signal_event USING brin (batch) WITH (pages_per_range = 32, autosummarize = on);
