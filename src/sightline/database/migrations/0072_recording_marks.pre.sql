-- What happened in sealed recordings, for searching them; all texts are masked.
CREATE TABLE recording_marks (
    recording bigint NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    at_ms     bigint NOT NULL,
    kind      text COLLATE "C" NOT NULL,
    text      text COLLATE "C" NOT NULL
);
CREATE INDEX recording_marks_of ON recording_marks (recording, kind, at_ms);
