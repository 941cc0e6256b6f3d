-- name: listed
-- The notes beside a recording, in the order of its time.
SELECT id, at_ms, user_id, created_at, text FROM recording_notes WHERE recording = $1 ORDER BY at_ms, id LIMIT $2

-- name: add
-- Write a note.
INSERT INTO recording_notes (recording, at_ms, user_id, created_at, text)
SELECT $1, $2, $3, $4, $5 WHERE (SELECT count(*) FROM recording_notes WHERE recording = $1) < $6
RETURNING id, at_ms, user_id, created_at, text

-- name: remove
-- Take a note away.
DELETE FROM recording_notes WHERE recording = $1 AND id = $2 RETURNING id

-- name: tag
-- Exchange the tags of a recording.
UPDATE recordings SET tags = $2 WHERE id = $1 RETURNING tags
