-- name: users
-- What Umami calls these users.
SELECT id, uuid FROM users WHERE id = ANY ($1::bigint[])

-- name: teams
-- The same of teams; a team of one has no name there.
SELECT id, uuid FROM tenants WHERE id = ANY ($1::bigint[]) AND NOT personal

-- name: sites
-- The same of sites.
SELECT id, uuid FROM sites WHERE id = ANY ($1::bigint[])

-- name: foreign
-- Those of some UUIDs that belong to other sites than these.
SELECT uuid FROM sites WHERE uuid = ANY ($1::uuid[]) AND NOT id = ANY ($2::bigint[])
UNION ALL
SELECT uuid FROM links WHERE uuid = ANY ($1::uuid[]) AND NOT site_id = ANY ($2::bigint[])
