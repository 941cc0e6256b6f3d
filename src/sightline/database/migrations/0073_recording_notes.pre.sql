-- What people write beside recordings.
ALTER TABLE recordings ADD COLUMN tags text[] COLLATE "C" NOT NULL DEFAULT '{}';
CREATE TABLE recording_notes (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recording  bigint NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    at_ms      bigint NOT NULL,
    user_id    bigint REFERENCES users (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    text       text NOT NULL
);
CREATE INDEX recording_notes_of ON recording_notes (recording, at_ms);
