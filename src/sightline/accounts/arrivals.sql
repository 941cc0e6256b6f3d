-- name: user
-- Somebody who was moved here already, or whose login is known here.
SELECT id, uuid = $1 AS moved FROM users WHERE uuid = $1 OR email = $2 OR username = $3 ORDER BY moved DESC LIMIT 1

-- name: insert_user
-- With the id that they had, and without a password that could be right.
INSERT INTO users (uuid, email, username, name, password_hash, role, created_at)
VALUES ($1, $2, $3, $4, '!', $5, $6) ON CONFLICT DO NOTHING RETURNING id

-- name: team
-- A team that was moved here already, removed or not.
SELECT id, deleted_at IS NOT NULL AS removed FROM tenants WHERE uuid = $1

-- name: own_team
-- Somebody's team of one.
SELECT tenants.id FROM tenants JOIN members ON members.tenant_id = tenants.id
WHERE members.user_id = $1 AND tenants.personal AND tenants.deleted_at IS NULL ORDER BY tenants.id LIMIT 1

-- name: insert_team
-- With the id that it had, unless its short name is taken.
INSERT INTO tenants (uuid, name, slug, personal, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (slug) WHERE deleted_at IS NULL DO NOTHING RETURNING id

-- name: add_member
-- A member, unless they are one.
INSERT INTO members (tenant_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING user_id

-- name: site
-- A site that was moved here already, removed or not.
SELECT id, tenant_id, deleted_at IS NOT NULL AS removed FROM sites WHERE uuid = $1

-- name: insert_site
-- With the id that it had, so that its pages need not be changed.
INSERT INTO sites (
    uuid, tenant_id, name, domains, time_zone, public_key, analytics_days, vitals_days, recordings_days, logs_days,
    errors_days, created_by, created_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id

-- name: link
-- A link or pixel that was moved here already.
SELECT id, site_id FROM links WHERE uuid = $1

-- name: insert_link
-- With the id that it had.
INSERT INTO links (uuid, site_id, kind, name, slug, url, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING RETURNING id
