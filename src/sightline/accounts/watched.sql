-- name: by_uuid
-- The living site with this UUID, for collecting.
SELECT id, tenant_id, domains FROM sites WHERE uuid = $1 AND deleted_at IS NULL

-- name: by_public_key
-- The same by its public key.
SELECT id, tenant_id, domains FROM sites WHERE public_key = $1 AND deleted_at IS NULL
