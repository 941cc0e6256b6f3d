-- name: make
-- Make the salt of a period, if no node has made it yet.
INSERT INTO salt (period, starts_ms, ends_ms, salt, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING

-- name: find
-- The salt of a period; NULL once it is destroyed.
SELECT salt FROM salt WHERE period = $1 AND starts_ms = $2

-- name: destroy
-- Destroy the salts of periods that ended before a moment; the rows stay.
UPDATE salt SET salt = NULL, destroyed_at = $2 WHERE salt IS NOT NULL AND ends_ms <= $1
RETURNING period, starts_ms

-- name: wipe
-- Remove what the update left behind in the file of the table.
VACUUM salt

-- name: proof
-- Which salts there were, which exist, and when the others were destroyed.
SELECT period, starts_ms, ends_ms, salt IS NOT NULL AS exists, created_at, destroyed_at
FROM salt ORDER BY starts_ms DESC, period LIMIT $1
