-- name: state
-- How far the journal is sealed.
SELECT sealed_pos, generation FROM journal_state

-- name: current
-- The extents that hold everything sealed, oldest day first.
SELECT id, kind, day, object, rows, size, sha256, sites, site_rows, from_ms, to_ms, rules, sealed_pos
FROM extent WHERE replaced_at IS NULL ORDER BY day, id

-- name: current_of_kind
-- The extents of one kind.
SELECT id, kind, day, object, rows, size, sha256, sites, site_rows, from_ms, to_ms, rules, sealed_pos
FROM extent WHERE replaced_at IS NULL AND kind = $1 ORDER BY day, id

-- name: take_out
-- Take one extent out of the catalogue at once.
DELETE FROM extent WHERE id = $1 AND replaced_at IS NULL RETURNING id

-- name: lock
-- The lock under which extents change; it goes with the session.
SELECT pg_try_advisory_lock(hashtextextended(current_schema() || ' extents', 0))

-- name: unlock
-- Let the next one in at once.
SELECT pg_advisory_unlock(hashtextextended(current_schema() || ' extents', 0))

-- name: has_open_tombstone
-- Whether an erasure has begun and not ended.
SELECT EXISTS (SELECT FROM tombstone WHERE finished_at IS NULL)

-- name: move_seal
-- Say that the journal is sealed up to there, if it was sealed up to here.
UPDATE journal_state SET sealed_pos = $2 WHERE sealed_pos = $1 RETURNING sealed_pos

-- name: add_extent
-- Put an extent into the catalogue.
INSERT INTO extent (kind, day, object, rows, size, sha256, sites, site_rows, from_ms, to_ms, rules, sealed_pos)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)

-- name: replace
-- Take extents out of what readers see.
UPDATE extent SET replaced_at = $2 WHERE id = ANY ($1::bigint[]) AND replaced_at IS NULL

-- name: replaced
-- Extents that were replaced before a moment, so that nobody reads them any more.
SELECT id, object FROM extent WHERE replaced_at < $1 ORDER BY id

-- name: objects
-- Which of these objects stand in the catalogue, replaced or not.
SELECT object FROM extent WHERE object = ANY ($1::text[])

-- name: forget_extent
-- The object is gone.
DELETE FROM extent WHERE id = $1
