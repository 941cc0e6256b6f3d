-- name: list
-- The boards of a user and of these teams, without dashboards.
SELECT id, uuid, user_id, tenant_id, kind, name, description, layout::text AS layout, created_at, changed_at
FROM boards
WHERE NOT dashboard AND (user_id = $1 OR tenant_id = ANY ($2::bigint[]))
ORDER BY id

-- name: by_uuid
-- One board, wherever it belongs.
SELECT id, uuid, user_id, tenant_id, kind, name, description, layout::text AS layout, created_at, changed_at
FROM boards WHERE uuid = $1

-- name: dashboard
-- The board that a user begins with.
SELECT id, uuid, user_id, tenant_id, kind, name, description, layout::text AS layout, created_at, changed_at
FROM boards WHERE user_id = $1 AND dashboard

-- name: insert
-- A new one.
INSERT INTO boards (uuid, user_id, tenant_id, kind, name, description, layout, created_at, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $8)
RETURNING id, uuid, user_id, tenant_id, kind, name, description, layout::text AS layout, created_at, changed_at

-- name: put_dashboard
-- The one of a user, made or changed.
INSERT INTO boards (uuid, user_id, dashboard, kind, name, description, layout, created_at, changed_at)
VALUES ($1, $2, true, 'dashboard', $3, $4, $5::text::jsonb, $6, $6)
ON CONFLICT (user_id) WHERE dashboard
    DO UPDATE SET name = $3, description = $4, layout = $5::text::jsonb, changed_at = $6
RETURNING id, uuid, user_id, tenant_id, kind, name, description, layout::text AS layout, created_at, changed_at

-- name: change
-- All that can change.
UPDATE boards SET name = $2, description = $3, layout = $4::text::jsonb, kind = $5, changed_at = $6
WHERE id = $1
RETURNING id, uuid, user_id, tenant_id, kind, name, description, layout::text AS layout, created_at, changed_at

-- name: remove
-- Its shares go with it.
DELETE FROM boards WHERE id = $1 RETURNING id
