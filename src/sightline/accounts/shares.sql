-- name: list
-- The shares of a thing, the oldest first.
SELECT id, uuid, site_id, link_id, board_id, name, slug, shows::text AS shows, created_at, changed_at
FROM shares
WHERE ($1::bigint IS NOT NULL AND site_id = $1) OR ($2::bigint IS NOT NULL AND link_id = $2)
   OR ($3::bigint IS NOT NULL AND board_id = $3)
ORDER BY id

-- name: by_uuid
-- One share, wherever it belongs.
SELECT id, uuid, site_id, link_id, board_id, name, slug, shows::text AS shows, created_at, changed_at
FROM shares WHERE uuid = $1

-- name: insert
-- A new one; no row where the slug is taken.
INSERT INTO shares (
    uuid, site_id, link_id, board_id, name, slug, shows, secret, created_by, created_at, changed_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9, $10, $10)
ON CONFLICT (slug) DO NOTHING
RETURNING id, uuid, site_id, link_id, board_id, name, slug, shows::text AS shows, created_at, changed_at

-- name: change
-- Another name, slug and set of pages; with another slug the tokens end.
UPDATE shares SET
    name = $2, shows = $4::text::jsonb, changed_at = $6,
    secret = CASE WHEN slug = $3 THEN secret ELSE $5 END, slug = $3
WHERE id = $1
RETURNING id, uuid, site_id, link_id, board_id, name, slug, shows::text AS shows, created_at, changed_at

-- name: remove
-- Its tokens end with it.
DELETE FROM shares WHERE id = $1 RETURNING id

-- name: open
-- What somebody with the slug, or with a token of this id, may look at.
SELECT
    shares.id, shares.uuid, shares.slug, shares.secret, shares.shows::text AS shows, shares.site_id, shares.link_id,
    shares.board_id, boards.uuid AS board_uuid, boards.layout::text AS layout, boards.user_id AS board_user,
    boards.tenant_id AS board_team, links.uuid AS link_uuid, links.kind AS link_kind, links.slug AS link_slug,
    links.site_id AS link_site
FROM shares
LEFT JOIN boards ON boards.id = shares.board_id
LEFT JOIN links ON links.id = shares.link_id
WHERE ($1::text IS NOT NULL AND shares.slug = $1) OR ($2::bigint IS NOT NULL AND shares.id = $2)

-- name: site
-- A living site.
SELECT id, uuid, tenant_id FROM sites WHERE id = $1 AND deleted_at IS NULL

-- name: sites_of_board
-- The living sites that a board names, as far as its team has them, or its user is in their team.
SELECT sites.id, sites.uuid, sites.tenant_id
FROM sites
WHERE sites.deleted_at IS NULL AND sites.uuid = ANY ($1::uuid[])
  AND (sites.tenant_id = $2 OR EXISTS (
      SELECT FROM members JOIN users ON users.id = members.user_id
      WHERE members.tenant_id = sites.tenant_id AND members.user_id = $3 AND users.disabled_at IS NULL
  ))

-- name: slugs_of_sites
-- The oldest share of each of these sites.
SELECT DISTINCT ON (site_id) site_id, slug FROM shares WHERE site_id = ANY ($1::bigint[]) ORDER BY site_id, id
