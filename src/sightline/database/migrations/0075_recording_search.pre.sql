-- How requests in recordings were answered, and searches that somebody saved.
ALTER TABLE recording_marks
    ADD COLUMN status  integer NOT NULL DEFAULT 0,
    ADD COLUMN took_ms integer NOT NULL DEFAULT 0;
CREATE TABLE recording_searches (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id    bigint NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
    created_by bigint REFERENCES users (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    name       text NOT NULL,
    match      text COLLATE "C" NOT NULL,
    conditions text[] NOT NULL
);
CREATE INDEX recording_searches_of ON recording_searches (site_id, id);
