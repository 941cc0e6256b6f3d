-- name: list
-- The segments of a site, from an id on.
SELECT id, name, definition::text AS definition, created_at, changed_at
FROM segments
WHERE site_id = $1 AND ($2::bigint IS NULL OR id > $2)
ORDER BY id
LIMIT $3

-- name: some
-- Those of a site that are asked for.
SELECT id, name, definition::text AS definition, created_at, changed_at
FROM segments
WHERE site_id = ANY ($1::bigint[]) AND id = ANY ($2::bigint[])

-- name: insert
-- A new one.
INSERT INTO segments (site_id, name, definition, created_by, created_at, changed_at)
VALUES ($1, $2, $3::text::jsonb, $4, $5, $5)
RETURNING id, name, definition::text AS definition, created_at, changed_at

-- name: change
-- Another name and definition.
UPDATE segments SET name = $3, definition = $4::text::jsonb, changed_at = $5
WHERE site_id = $1 AND id = $2
RETURNING id, name, definition::text AS definition, created_at, changed_at

-- name: remove
-- Away with it.
DELETE FROM segments WHERE site_id = $1 AND id = $2 RETURNING id
