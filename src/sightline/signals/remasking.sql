-- name: open_job
-- The masking anew that has begun and not ended.
SELECT id, sites, kinds, since_ms, versions::text AS versions, walked, progress, changed, started_at, seen_at,
       finished_at
FROM remask WHERE finished_at IS NULL ORDER BY id LIMIT 1

-- name: jobs
-- All of them, the latest first.
SELECT id, sites, kinds, since_ms, versions::text AS versions, walked, progress, changed, started_at, seen_at,
       finished_at
FROM remask ORDER BY id DESC LIMIT $1

-- name: begin
-- A new one.
INSERT INTO remask (sites, kinds, since_ms, versions, started_at, seen_at) VALUES ($1, $2, $3, $4::text::jsonb, $5, $5)
RETURNING id, sites, kinds, since_ms, versions::text AS versions, walked, progress, changed, started_at, seen_at,
          finished_at

-- name: note
-- How far it is.
UPDATE remask SET progress = $2, seen_at = $3 WHERE id = $1

-- name: note_walked
-- One part of it is done: this need not be gone over again.
UPDATE remask SET walked = walked || $2::text, changed = changed + $3, progress = $4, seen_at = $5 WHERE id = $1

-- name: finish
-- All of it is done.
UPDATE remask SET progress = 1, seen_at = $2, finished_at = $2 WHERE id = $1

-- name: try_lock
-- One process at a time goes on with it; the lock goes with the session.
SELECT pg_try_advisory_lock(hashtextextended(current_schema() || ' remask', 0))
