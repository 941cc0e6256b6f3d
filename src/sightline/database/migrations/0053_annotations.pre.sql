-- Annotations: what happened on a day or at a moment, written beside a site's numbers.
CREATE TABLE annotations (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid       uuid NOT NULL UNIQUE,
    site_id    bigint NOT NULL REFERENCES sites ON DELETE CASCADE,
    at         timestamptz NOT NULL,
    all_day    boolean NOT NULL,
    note       text NOT NULL CHECK (char_length(note) BETWEEN 1 AND 1000),
    created_by bigint REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX annotations_site ON annotations (site_id, at);
CREATE INDEX annotations_created_by ON annotations (created_by);
