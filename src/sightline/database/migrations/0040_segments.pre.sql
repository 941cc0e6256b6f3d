-- Saved segments and cohorts of a site: a filter over its events, or visitors who did something in some period. The
-- definition is JSON, as analytics/segments.py reads it.
CREATE TABLE segments (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id    bigint NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
    name       text COLLATE "C" NOT NULL,
    definition jsonb NOT NULL,
    created_by bigint REFERENCES users (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX segments_site ON segments (site_id, id);
