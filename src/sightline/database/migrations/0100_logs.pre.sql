-- One line that a backend wrote.
CREATE TABLE signal_log (
    site        bigint NOT NULL DEFAULT 0,
    created_ms  bigint NOT NULL DEFAULT 0,
    visitor     bigint NOT NULL DEFAULT 0,
    visit       bigint NOT NULL DEFAULT 0,
    person      bigint,
    received_ms bigint NOT NULL DEFAULT 0,
    batch       bigint NOT NULL DEFAULT 0,
    rules       smallint NOT NULL DEFAULT 0,
    place       smallint NOT NULL DEFAULT 0,
    cold        boolean NOT NULL DEFAULT false,
    failed      boolean NOT NULL DEFAULT false,
    level       text COLLATE "C" NOT NULL DEFAULT '',
    source      text COLLATE "C" NOT NULL DEFAULT '',
    request     text COLLATE "C" NOT NULL DEFAULT '',
    trace       text COLLATE "C" NOT NULL DEFAULT '',
    service     text COLLATE "C" NOT NULL DEFAULT '',
    function    text COLLATE "C" NOT NULL DEFAULT '',
    log_group   text COLLATE "C" NOT NULL DEFAULT '',
    stream      text COLLATE "C" NOT NULL DEFAULT '',
    logger      text COLLATE "C" NOT NULL DEFAULT '',
    correlation text COLLATE "C" NOT NULL DEFAULT '',
    message     text COLLATE "C" NOT NULL DEFAULT '',
    fields      text COLLATE "C" NOT NULL DEFAULT ''
) PARTITION BY RANGE (received_ms);
CREATE INDEX signal_log_batch ON signal_log USING brin (batch) WITH (pages_per_range = 32, autosummarize = on);

-- One run of a function.
CREATE TABLE signal_invocation (
    site        bigint NOT NULL DEFAULT 0,
    created_ms  bigint NOT NULL DEFAULT 0,
    visitor     bigint NOT NULL DEFAULT 0,
    visit       bigint NOT NULL DEFAULT 0,
    person      bigint,
    duration_ms double precision NOT NULL DEFAULT 0,
    init_ms     double precision NOT NULL DEFAULT 0,
    received_ms bigint NOT NULL DEFAULT 0,
    batch       bigint NOT NULL DEFAULT 0,
    billed_ms   integer NOT NULL DEFAULT 0,
    memory_mb   integer NOT NULL DEFAULT 0,
    used_mb     integer NOT NULL DEFAULT 0,
    rules       smallint NOT NULL DEFAULT 0,
    place       smallint NOT NULL DEFAULT 0,
    cold        boolean NOT NULL DEFAULT false,
    status      text COLLATE "C" NOT NULL DEFAULT '',
    request     text COLLATE "C" NOT NULL DEFAULT '',
    trace       text COLLATE "C" NOT NULL DEFAULT '',
    service     text COLLATE "C" NOT NULL DEFAULT '',
    function    text COLLATE "C" NOT NULL DEFAULT ''
) PARTITION BY RANGE (received_ms);
CREATE INDEX signal_invocation_batch ON signal_invocation USING brin (batch) WITH (pages_per_range = 32, autosummarize = on);

-- The values of one metric in one line.
CREATE TABLE signal_metric (
    site        bigint NOT NULL DEFAULT 0,
    created_ms  bigint NOT NULL DEFAULT 0,
    visitor     bigint NOT NULL DEFAULT 0,
    visit       bigint NOT NULL DEFAULT 0,
    person      bigint,
    total       double precision NOT NULL DEFAULT 0,
    least       double precision NOT NULL DEFAULT 0,
    most        double precision NOT NULL DEFAULT 0,
    received_ms bigint NOT NULL DEFAULT 0,
    batch       bigint NOT NULL DEFAULT 0,
    count       integer NOT NULL DEFAULT 0,
    rules       smallint NOT NULL DEFAULT 0,
    place       smallint NOT NULL DEFAULT 0,
    unit        text COLLATE "C" NOT NULL DEFAULT '',
    request     text COLLATE "C" NOT NULL DEFAULT '',
    trace       text COLLATE "C" NOT NULL DEFAULT '',
    namespace   text COLLATE "C" NOT NULL DEFAULT '',
    name        text COLLATE "C" NOT NULL DEFAULT '',
    service     text COLLATE "C" NOT NULL DEFAULT '',
    function    text COLLATE "C" NOT NULL DEFAULT '',
    dimensions  text COLLATE "C" NOT NULL DEFAULT ''
) PARTITION BY RANGE (received_ms);
CREATE INDEX signal_metric_batch ON signal_metric USING brin (batch) WITH (pages_per_range = 32, autosummarize = on);

-- Whose a visit is that a line names.
CREATE INDEX open_visit_of ON open_visit (visit);
