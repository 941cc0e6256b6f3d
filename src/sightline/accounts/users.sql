-- name: show
-- One user, without the password.
SELECT id, uuid, email, username, name, role, locale, time_zone, created_at, disabled_at FROM users WHERE id = $1

-- name: show_for_update
-- The same, held until the change is made.
SELECT id, uuid, email, username, name, role, locale, time_zone, created_at, disabled_at
FROM users WHERE id = $1 FOR UPDATE

-- name: find_by_email
-- One user by address.
SELECT id, uuid, email, username, name, role, locale, time_zone, created_at, disabled_at FROM users WHERE email = $1

-- name: find_by_username
-- One user by user name.
SELECT id, uuid, email, username, name, role, locale, time_zone, created_at, disabled_at FROM users WHERE username = $1

-- name: find_by_uuid
-- One user by the id that Umami's API knows.
SELECT id, uuid, email, username, name, role, locale, time_zone, created_at, disabled_at FROM users WHERE uuid = $1

-- name: site_counts
-- How many living sites each user has made.
SELECT created_by, count(*) AS count FROM sites
WHERE created_by IS NOT NULL AND deleted_at IS NULL
GROUP BY created_by

-- name: list
-- Users in the order in which they came.
SELECT id, uuid, email, username, name, role, locale, time_zone, created_at, disabled_at
FROM users WHERE $1::bigint IS NULL OR id > $1
ORDER BY id
LIMIT $2

-- name: insert
-- A new user; no row where the address or the name is taken. An error would show the address in PostgreSQL's log.
INSERT INTO users (uuid, email, username, name, password_hash, role, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
RETURNING id

-- name: email_taken
-- Whether somebody else has this address.
SELECT EXISTS (SELECT FROM users WHERE email = $1 AND id <> $2)

-- name: change
-- Everything that can change except the password.
UPDATE users SET name = $2, email = $3, locale = $4, time_zone = $5, role = $6, disabled_at = $7 WHERE id = $1

-- name: remove
-- For good, with sign-ins, memberships and keys.
DELETE FROM users WHERE id = $1

-- name: lock_admins
-- Whoever may change the number of admins waits here for the others.
SELECT pg_advisory_xact_lock(hashtextextended('sightline admins', 0))

-- name: other_admin
-- Whether another admin can sign in.
SELECT EXISTS (SELECT FROM users WHERE role = 'admin' AND disabled_at IS NULL AND id <> $1)

-- name: lock_teams
-- The user's teams, held, so that nobody leaves them meanwhile.
SELECT tenants.id FROM tenants JOIN members ON members.tenant_id = tenants.id
WHERE members.user_id = $1
ORDER BY tenants.id
FOR UPDATE OF tenants

-- name: teams_without_owner
-- Teams with other members or living sites that this user's going would leave without an owner.
SELECT tenants.name
FROM tenants
JOIN members ON members.tenant_id = tenants.id AND members.user_id = $1 AND members.role = 'owner'
WHERE tenants.deleted_at IS NULL
  AND NOT EXISTS (
      SELECT FROM members AS other
      WHERE other.tenant_id = tenants.id AND other.user_id <> $1 AND other.role = 'owner'
  )
  AND (
      EXISTS (SELECT FROM members AS other WHERE other.tenant_id = tenants.id AND other.user_id <> $1)
      OR EXISTS (SELECT FROM sites WHERE sites.tenant_id = tenants.id AND sites.deleted_at IS NULL)
  )
ORDER BY tenants.name

-- name: remove_teams_of_one
-- Teams that nobody else is in.
UPDATE tenants SET deleted_at = $2
WHERE deleted_at IS NULL
  AND EXISTS (SELECT FROM members WHERE members.tenant_id = tenants.id AND members.user_id = $1)
  AND NOT EXISTS (SELECT FROM members WHERE members.tenant_id = tenants.id AND members.user_id <> $1)

-- name: show_hash
-- For comparing with the old password.
SELECT id, password_hash, email, username FROM users WHERE id = $1

-- name: set_password
-- A new password.
UPDATE users SET password_hash = $2 WHERE id = $1

-- name: replace_password
-- A new password in place of a known one.
UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2 RETURNING id
