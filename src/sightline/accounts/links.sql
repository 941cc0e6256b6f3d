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

-- name: of_sites
-- Those of these sites, in the order in which they came.
SELECT links.id, links.uuid, links.kind, links.name, links.slug, links.url, links.created_at, links.site_id,
    sites.uuid AS site_uuid, sites.tenant_id
FROM links JOIN sites ON sites.id = links.site_id AND sites.deleted_at IS NULL
WHERE links.site_id = ANY ($1::bigint[]) AND links.kind = $2
ORDER BY links.id LIMIT $3

-- name: by_uuid
-- One, wherever it belongs.
SELECT links.id, links.uuid, links.kind, links.name, links.slug, links.url, links.created_at, links.site_id,
    sites.uuid AS site_uuid, sites.tenant_id
FROM links JOIN sites ON sites.id = links.site_id AND sites.deleted_at IS NULL
WHERE links.uuid = $1 AND links.kind = $2

-- name: change
-- Another name, slug and destination.
UPDATE links SET name = $3, slug = $4, url = $5 WHERE site_id = $1 AND id = $2
RETURNING id, uuid, kind, name, slug, url, created_at
