-- name: lock
-- Two processes that start at the same moment make one site, and nobody becomes the first admin meanwhile.
SELECT pg_advisory_xact_lock(hashtextextended('sightline admins', 0))

-- name: find
-- The demo's site, also where somebody has removed it: then they do not want it.
SELECT id, tenant_id, public_key, deleted_at IS NULL AS is_living FROM sites WHERE uuid = $1

-- name: home
-- The oldest team of an admin: the first one's own, as a rule.
SELECT tenants.id
FROM tenants
JOIN members ON members.tenant_id = tenants.id
JOIN users ON users.id = members.user_id
WHERE tenants.deleted_at IS NULL AND users.role = 'admin'
ORDER BY tenants.id
LIMIT 1
