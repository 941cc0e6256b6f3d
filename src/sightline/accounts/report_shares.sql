-- name: list
-- Those of a site, the oldest first.
SELECT id, site_id, name, slug, page, asked::text AS asked, free, password_hash IS NOT NULL AS guarded, expires_at,
       opened, opened_at, created_at
FROM report_shares WHERE site_id = $1 AND ($2::bigint IS NULL OR id > $2) ORDER BY id LIMIT $3

-- name: insert
-- A new one.
INSERT INTO report_shares (
    site_id, name, slug, page, asked, free, password_hash, secret, expires_at, created_by, created_at
)
VALUES ($1, $2, $3, $4, $5::text::jsonb, $6, $7, $8, $9, $10, $11)
RETURNING id, site_id, name, slug, page, asked::text AS asked, free, password_hash IS NOT NULL AS guarded, expires_at,
          opened, opened_at, created_at

-- name: remove
-- Its tokens end with it.
DELETE FROM report_shares WHERE site_id = $1 AND id = $2 RETURNING id

-- name: open
-- What somebody with the slug, or with a token of this id, may look at; nothing once it has expired.
SELECT r.id, r.site_id, r.name, r.slug, r.page, r.asked::text AS asked, r.free, r.expires_at, r.opened, r.opened_at,
       r.created_at, r.password_hash IS NOT NULL AS guarded, r.password_hash, r.secret, s.tenant_id,
       s.name AS site_name, s.time_zone
FROM report_shares AS r JOIN sites AS s ON s.id = r.site_id AND s.deleted_at IS NULL
WHERE (r.slug = $1 OR r.id = $2) AND (r.expires_at IS NULL OR r.expires_at > $3)

-- name: opened
-- Somebody has opened it.
UPDATE report_shares SET opened = opened + 1, opened_at = $2 WHERE id = $1
