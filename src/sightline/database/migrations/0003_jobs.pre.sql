-- What runs in the background: one row per job, kept up by the one process that leads.
CREATE TABLE jobs (
    name             text COLLATE "C" PRIMARY KEY,
    requested_at     timestamptz,
    last_started_at  timestamptz,
    last_finished_at timestamptz,
    last_result      text COLLATE "C" CHECK (last_result IN ('ok', 'failed', 'interrupted')),
    last_message     text NOT NULL DEFAULT '',
    last_duration_ms integer,
    next_run_at      timestamptz,
    progress         double precision CHECK (progress BETWEEN 0 AND 1),
    runs             bigint NOT NULL DEFAULT 0,
    failures         bigint NOT NULL DEFAULT 0,
    failures_in_row  integer NOT NULL DEFAULT 0
);
