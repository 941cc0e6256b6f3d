-- name: count_living
-- How many keys a user has that work.
SELECT count(*) FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2

-- name: insert
-- A new key.
INSERT INTO api_keys (token_hash, prefix, name, user_id, tenant_id, site_ids, permissions, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
RETURNING id

-- name: show
-- One key, without what opens anything.
SELECT
    id, prefix, name, user_id, tenant_id, site_ids, permissions, created_at, expires_at, last_used_at, revoked_at
FROM api_keys
WHERE id = $1

-- name: list
-- Keys that are not revoked, of a user (NULL: of everybody).
SELECT
    id, prefix, name, user_id, tenant_id, site_ids, permissions, created_at, expires_at, last_used_at, revoked_at
FROM api_keys
WHERE revoked_at IS NULL AND ($1::bigint IS NULL OR user_id = $1) AND ($2::bigint IS NULL OR id > $2)
ORDER BY id
LIMIT $3

-- name: find_by_token
-- A living key, its user and the user's teams, in one go.
SELECT
    api_keys.id,
    api_keys.user_id,
    api_keys.tenant_id,
    api_keys.site_ids,
    api_keys.permissions,
    api_keys.last_used_at,
    users.role,
    coalesce(array_agg(members.tenant_id) FILTER (WHERE tenants.id IS NOT NULL), '{}') AS tenant_ids,
    coalesce(array_agg(members.role) FILTER (WHERE tenants.id IS NOT NULL), '{}') AS team_roles
FROM api_keys
JOIN users ON users.id = api_keys.user_id
LEFT JOIN members ON members.user_id = users.id
LEFT JOIN tenants ON tenants.id = members.tenant_id AND tenants.deleted_at IS NULL
WHERE api_keys.token_hash = $1
  AND api_keys.revoked_at IS NULL
  AND api_keys.expires_at > $2
  AND users.disabled_at IS NULL
GROUP BY api_keys.id, users.id

-- name: note_use
-- When it was used last, to the minute.
UPDATE api_keys SET last_used_at = $2 WHERE id = $1

-- name: revoke
-- End a key; of this user only, unless NULL.
UPDATE api_keys SET revoked_at = $3
WHERE id = $1 AND ($2::bigint IS NULL OR user_id = $2) AND revoked_at IS NULL
RETURNING tenant_id

-- name: roles_of_user
-- What a key of this user could allow at most.
SELECT
    users.role,
    coalesce(array_agg(members.tenant_id) FILTER (WHERE tenants.id IS NOT NULL), '{}') AS tenant_ids,
    coalesce(array_agg(members.role) FILTER (WHERE tenants.id IS NOT NULL), '{}') AS team_roles
FROM users
LEFT JOIN members ON members.user_id = users.id
LEFT JOIN tenants ON tenants.id = members.tenant_id AND tenants.deleted_at IS NULL
WHERE users.id = $1
GROUP BY users.id
