-- name: put
-- A version that was wrapped elsewhere before; one that is here already stays.
INSERT INTO wrapped_keys (tenant_id, kind, purpose, owner, version, parent_version, wrapped, check_value, state, uses)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING
