-- Reports that somebody saved with a site. `parameters` are in the words of `dialect`: ours, or those of the API by
-- which it was saved, whose clients expect back what they sent.
CREATE TABLE saved_reports (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid        uuid NOT NULL UNIQUE,
    site_id     bigint NOT NULL REFERENCES sites ON DELETE CASCADE,
    report      text COLLATE "C" NOT NULL,
    dialect     text COLLATE "C" NOT NULL CHECK (dialect IN ('sightline', 'umami')),
    name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    description text NOT NULL CHECK (char_length(description) <= 500),
    parameters  jsonb NOT NULL,
    created_by  bigint REFERENCES users ON DELETE SET NULL,
    created_at  timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL
);
CREATE INDEX saved_reports_site ON saved_reports (site_id, id);
CREATE INDEX saved_reports_created_by ON saved_reports (created_by);
