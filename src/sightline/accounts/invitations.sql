-- name: insert
-- A new invitation.
INSERT INTO invitations (token_hash, tenant_id, role, created_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id

-- name: list
-- What can still be accepted.
SELECT id, role, created_at, expires_at
FROM invitations
WHERE tenant_id = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $2
  AND ($3::bigint IS NULL OR id > $3)
ORDER BY id
LIMIT $4

-- name: revoke
-- Take one back.
UPDATE invitations SET revoked_at = $3
WHERE tenant_id = $1 AND id = $2 AND used_at IS NULL AND revoked_at IS NULL
RETURNING id

-- name: look
-- What a link is for.
SELECT tenants.name AS team, invitations.role, invitations.expires_at
FROM invitations
JOIN tenants ON tenants.id = invitations.tenant_id AND tenants.deleted_at IS NULL
WHERE token_hash = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $2

-- name: use
-- Use it up; of two at the same moment one gets it.
UPDATE invitations SET used_at = $2
WHERE token_hash = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $2
RETURNING id, tenant_id, role

-- name: forget_old
-- What can no longer be accepted.
DELETE FROM invitations WHERE used_at IS NOT NULL OR revoked_at IS NOT NULL OR expires_at < $1 RETURNING id
