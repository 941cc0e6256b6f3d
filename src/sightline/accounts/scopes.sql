-- name: sites_of_tenants
-- The living sites of these teams (NULL: of all), of these sites only (NULL: of all).
SELECT sites.id
FROM sites
WHERE sites.deleted_at IS NULL
  AND ($1::bigint[] IS NULL OR sites.tenant_id = ANY ($1))
  AND ($2::bigint[] IS NULL OR sites.id = ANY ($2))

-- name: all_tenants
-- Every living team.
SELECT id FROM tenants WHERE deleted_at IS NULL

-- name: site_by_id
-- Where a living site belongs.
SELECT id, tenant_id FROM sites WHERE id = $1 AND deleted_at IS NULL

-- name: site_by_uuid
-- The same, by the id that Umami's API knows.
SELECT id, tenant_id FROM sites WHERE uuid = $1 AND deleted_at IS NULL

-- name: tenant_by_id
-- A living team.
SELECT id FROM tenants WHERE id = $1 AND deleted_at IS NULL

-- name: tenant_by_uuid
-- The same, by the id that Umami's API knows.
SELECT id FROM tenants WHERE uuid = $1 AND deleted_at IS NULL

-- name: sites_named
-- Living sites of a name or domain; two are enough to know that it is not clear which.
SELECT id FROM sites WHERE deleted_at IS NULL AND (name = $1 OR $1 = ANY (domains)) ORDER BY id LIMIT 2

-- name: tenants_named
-- Living teams of a name or short name.
SELECT id FROM tenants WHERE deleted_at IS NULL AND (name = $1 OR slug = $1) ORDER BY id LIMIT 2
