-- name: lock_chain
-- All versions of one key change under this lock: creation, rotation, rollback and destruction.
SELECT pg_advisory_xact_lock(hashtextextended(format('sightline key %s %s %L %L', $1::bigint, $2::smallint, $3::text, $4::text), 0))

-- name: read_version
-- One version of a key.
SELECT * FROM wrapped_keys WHERE tenant_id = $1 AND kind = $2 AND purpose = $3 AND owner = $4 AND version = $5

-- name: read_newest
-- The active version of a key, or else its newest, which says that there was one.
SELECT * FROM wrapped_keys WHERE tenant_id = $1 AND kind = $2 AND purpose = $3 AND owner = $4
ORDER BY (state = 'active') DESC, version DESC LIMIT 1

-- name: read_chain
-- All versions of a key.
SELECT * FROM wrapped_keys WHERE tenant_id = $1 AND kind = $2 AND purpose = $3 AND owner = $4 ORDER BY version

-- name: take_lease
-- Count the seals that one process may make before it asks again; no row when the bound would be passed.
UPDATE wrapped_keys SET uses = uses + $6
WHERE tenant_id = $1 AND kind = $2 AND purpose = $3 AND owner = $4 AND version = $5
  AND state = 'active' AND uses + $6 <= $7
RETURNING *

-- name: lock_leases
-- One at a time leases keys of many owners of a purpose, so that no two wait for each other in a circle.
SELECT pg_advisory_xact_lock(hashtextextended(format('sightline leases %s %L', $1::bigint, $2::text), 0))

-- name: lease_many
-- Count seals of the active keys of many owners; one that would pass its bound is left out.
UPDATE wrapped_keys SET uses = uses + $4
WHERE tenant_id = $1 AND kind = 2 AND purpose = $2 AND owner = ANY ($3::text[]) AND state = 'active'
  AND uses + $4 <= $5
RETURNING owner, version, parent_version, wrapped, check_value

-- name: read_many
-- The active keys of many owners.
SELECT owner, version, parent_version, wrapped, check_value FROM wrapped_keys
WHERE tenant_id = $1 AND kind = 2 AND purpose = $2 AND owner = ANY ($3::text[]) AND state = 'active'

-- name: insert_many
-- First keys of many owners; who has one already, even a destroyed one, gets none.
INSERT INTO wrapped_keys (tenant_id, kind, purpose, owner, version, parent_version, wrapped, check_value, uses, created_at)
SELECT $1, 2, $2, new.owner, 1, $3, new.wrapped, new.check_value, $4, $5
FROM unnest($6::text[], $7::bytea[], $8::bytea[]) AS new (owner, wrapped, check_value)
ON CONFLICT DO NOTHING RETURNING owner

-- name: hold_parent
-- Keep the tenant key that will wrap a new key from being retired or destroyed until the new key is stored.
SELECT version FROM wrapped_keys
WHERE tenant_id = $1 AND kind = 1 AND version = $2 AND state = 'active' FOR SHARE

-- name: insert_version
-- A new version of a key, active.
INSERT INTO wrapped_keys
    (tenant_id, kind, purpose, owner, version, parent_version, root, wrapped, check_value, uses, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: retire_active
-- The active version seals no more; it still opens.
UPDATE wrapped_keys SET state = 'decrypt_only'
WHERE tenant_id = $1 AND kind = $2 AND purpose = $3 AND owner = $4 AND state = 'active'

-- name: activate
-- Make an older version the active one again; a destroyed one never.
UPDATE wrapped_keys SET state = 'active'
WHERE tenant_id = $1 AND kind = $2 AND purpose = $3 AND owner = $4 AND version = $5 AND state = 'decrypt_only'
RETURNING version

-- name: destroy_version
-- Overwrite one version of a key.
UPDATE wrapped_keys SET state = 'destroyed', wrapped = '', check_value = '\x0000000000000000', destroyed_at = $6
WHERE tenant_id = $1 AND kind = $2 AND purpose = $3 AND owner = $4 AND version = $5 AND state <> 'destroyed'
RETURNING version

-- name: destroy_chain
-- Overwrite every version of a key.
UPDATE wrapped_keys SET state = 'destroyed', wrapped = '', check_value = '\x0000000000000000', destroyed_at = $5
WHERE tenant_id = $1 AND kind = $2 AND purpose = $3 AND owner = $4 AND state <> 'destroyed'
RETURNING version

-- name: destroy_tenant
-- Overwrite everything that a tenant's key wraps.
UPDATE wrapped_keys SET state = 'destroyed', wrapped = '', check_value = '\x0000000000000000', destroyed_at = $2
WHERE tenant_id = $1 AND kind <> 1 AND state <> 'destroyed'
RETURNING kind, purpose, owner, version

-- name: count_children
-- How many keys a version of a tenant key still wraps.
SELECT count(*) FROM wrapped_keys WHERE tenant_id = $1 AND parent_version = $2 AND kind <> 1 AND state <> 'destroyed'

-- name: announce
-- Tell every process that listens to forget a key.
SELECT pg_notify('sightline_keys', $1)

-- name: roots
-- Which roots wrap tenant keys, and how many.
SELECT root, count(*) AS keys FROM wrapped_keys WHERE kind = 1 AND state <> 'destroyed' GROUP BY root ORDER BY root

-- name: under_other_roots
-- Tenant keys that a root other than this one wraps, after a place in their order.
SELECT * FROM wrapped_keys
WHERE kind = 1 AND state <> 'destroyed' AND root <> $1 AND (tenant_id, version) > ($2, $3)
ORDER BY tenant_id, version LIMIT $4

-- name: count_under_other_roots
-- How many are left of them.
SELECT count(*) FROM wrapped_keys WHERE kind = 1 AND state <> 'destroyed' AND root <> $1

-- name: move_to_root
-- Store a tenant key as another root wraps it, unless it was destroyed or moved meanwhile.
UPDATE wrapped_keys SET root = $3, wrapped = $4, rewrapped_at = $5
WHERE tenant_id = $1 AND kind = 1 AND version = $2 AND root = $6 AND state <> 'destroyed'

-- name: under_older_parents
-- Keys of a tenant that an older version of its key wraps, after a place in their order.
SELECT * FROM wrapped_keys
WHERE tenant_id = $1 AND kind <> 1 AND state <> 'destroyed' AND parent_version <> $2
  AND (kind, purpose, owner, version) > ($3, $4, $5, $6)
ORDER BY kind, purpose, owner, version LIMIT $7

-- name: count_under_older_parents
-- How many are left of them.
SELECT count(*) FROM wrapped_keys WHERE tenant_id = $1 AND kind <> 1 AND state <> 'destroyed' AND parent_version <> $2

-- name: move_to_parent
-- Store keys as another version of the tenant key wraps them, unless they were destroyed or moved meanwhile.
UPDATE wrapped_keys AS k SET parent_version = $2, wrapped = moved.wrapped, rewrapped_at = $3
FROM unnest($4::smallint[], $5::text[], $6::text[], $7::integer[], $8::integer[], $9::bytea[])
    AS moved (kind, purpose, owner, version, was, wrapped)
WHERE k.tenant_id = $1 AND k.kind = moved.kind AND k.purpose = moved.purpose AND k.owner = moved.owner
  AND k.version = moved.version AND k.parent_version = moved.was AND k.state <> 'destroyed'

-- name: tenants_with_keys
-- Tenants that have a key.
SELECT DISTINCT tenant_id FROM wrapped_keys WHERE kind = 1 AND state <> 'destroyed' ORDER BY tenant_id
