-- Shared reports: whoever knows the slug, and the password where there is one, sees one report of one site until it
-- expires. `asked` is the report's range, filters and segments, which the server holds. `secret` signs the tokens that
-- the slug is exchanged for; a new one ends them all.
CREATE TABLE report_shares (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id       bigint NOT NULL REFERENCES sites ON DELETE CASCADE,
    name          text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    slug          text COLLATE "C" NOT NULL UNIQUE,
    page          text COLLATE "C" NOT NULL,
    asked         jsonb NOT NULL,
    free          boolean NOT NULL,
    password_hash text,
    secret        bytea NOT NULL CHECK (octet_length(secret) = 32),
    expires_at    timestamptz,
    opened        bigint NOT NULL DEFAULT 0,
    opened_at     timestamptz,
    created_by    bigint REFERENCES users ON DELETE SET NULL,
    created_at    timestamptz NOT NULL
);
CREATE INDEX report_shares_site ON report_shares (site_id, id);
CREATE INDEX report_shares_created_by ON report_shares (created_by);
