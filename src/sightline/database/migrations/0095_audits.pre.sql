-- Audits of what is stored that somebody asked a server for: what to read, how far it is, and what was found. A report
-- says where and what kind, never a value.
CREATE TABLE privacy_audits (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id      bigint REFERENCES sites (id) ON DELETE CASCADE, -- null: all
    since_ms     bigint NOT NULL DEFAULT 0,
    sample       integer CHECK (sample > 0),                     -- null: everything
    asked_by     bigint REFERENCES users (id) ON DELETE SET NULL,
    asked_at     timestamptz NOT NULL,
    progress     double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    finished_at  timestamptz,
    report       jsonb
);
CREATE INDEX privacy_audits_open ON privacy_audits (id) WHERE finished_at IS NULL;
