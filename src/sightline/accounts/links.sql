-- name: list
-- The links and pixels of a site, perhaps of one kind, in the order in which they came.
SELECT id, uuid, kind, name, slug, url, created_at FROM links
WHERE site_id = $1 AND ($2::text IS NULL OR kind = $2) AND ($3::bigint IS NULL OR id > $3)
ORDER BY id LIMIT $4

-- name: insert
-- A new one.
INSERT INTO links (uuid, site_id, kind, name, slug, url, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING id, uuid, kind, name, slug, url, created_at

-- name: remove
-- Gone; what it counted stays with the site.
DELETE FROM links WHERE site_id = $1 AND id = $2 RETURNING id
