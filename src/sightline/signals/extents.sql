-- name: state
-- How far the journal is sealed.
SELECT sealed_pos, generation FROM journal_state

-- name: current
-- The extents that hold everything sealed, oldest day first.
SELECT id, kind, day, object, rows, size, sha256, sites, site_rows, from_ms, to_ms, rules, sealed_pos
FROM extent WHERE replaced_at IS NULL ORDER BY day, id
