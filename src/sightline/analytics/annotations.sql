-- name: list
-- Those of a site in a period that this user sees, the latest first.
SELECT id, uuid, site_id, at, all_day, note, personal, created_by, created_at, changed_at FROM annotations
WHERE site_id = $1 AND ($2::timestamptz IS NULL OR at >= $2) AND ($3::timestamptz IS NULL OR at < $3)
  AND (NOT personal OR created_by = $5)
ORDER BY at DESC, id DESC
LIMIT $4

-- name: by_uuid
-- One of a site.
SELECT id, uuid, site_id, at, all_day, note, personal, created_by, created_at, changed_at FROM annotations
WHERE site_id = $1 AND uuid = $2 AND (NOT personal OR created_by = $3)

-- name: insert
-- A new one.
INSERT INTO annotations (uuid, site_id, at, all_day, note, personal, created_by, created_at, changed_at)
VALUES ($1, $2, $3, $4, $5, coalesce($6, false), $7, $8, $8)
RETURNING id, uuid, site_id, at, all_day, note, personal, created_by, created_at, changed_at

-- name: change
-- All that can change.
UPDATE annotations SET at = $3, all_day = $4, note = $5, personal = coalesce($6, personal), changed_at = $7
WHERE site_id = $1 AND uuid = $2 AND (NOT personal OR created_by = $8)
RETURNING id, uuid, site_id, at, all_day, note, personal, created_by, created_at, changed_at

-- name: remove
-- Away with it.
DELETE FROM annotations WHERE site_id = $1 AND uuid = $2 AND (NOT personal OR created_by = $3) RETURNING id
