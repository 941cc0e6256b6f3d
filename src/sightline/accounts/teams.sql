-- name: list
-- Teams in the order in which they came, with how much is in them.
SELECT
    id, uuid, name, slug, personal, created_at,
    (SELECT count(*) FROM members WHERE members.tenant_id = tenants.id) AS members,
    (SELECT count(*) FROM sites WHERE sites.tenant_id = tenants.id AND sites.deleted_at IS NULL) AS sites
FROM tenants
WHERE id = ANY ($1) AND deleted_at IS NULL AND ($2::bigint IS NULL OR id > $2)
ORDER BY id
LIMIT $3

-- name: show
-- One team.
SELECT
    id, uuid, name, slug, personal, created_at,
    (SELECT count(*) FROM members WHERE members.tenant_id = tenants.id) AS members,
    (SELECT count(*) FROM sites WHERE sites.tenant_id = tenants.id AND sites.deleted_at IS NULL) AS sites
FROM tenants
WHERE id = $1 AND deleted_at IS NULL

-- name: insert
-- A new team, unless its short name is taken.
INSERT INTO tenants (uuid, name, slug, personal, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (slug) WHERE deleted_at IS NULL DO NOTHING
RETURNING id

-- name: take_over
-- The personal team that nobody is in, with the name of whom it waited for; its short name, too, unless that is taken.
UPDATE tenants SET
    name = $1, personal = $3,
    slug = CASE WHEN EXISTS (SELECT FROM tenants AS other WHERE other.slug = $2 AND other.deleted_at IS NULL)
        THEN slug ELSE $2 END
WHERE id = (
    SELECT id FROM tenants AS waiting
    WHERE personal AND deleted_at IS NULL
      AND NOT EXISTS (SELECT FROM members WHERE members.tenant_id = waiting.id)
    ORDER BY id LIMIT 1
)
RETURNING id

-- name: lock
-- Whoever changes members or removes a team waits here for the others.
SELECT id FROM tenants WHERE id = $1 FOR UPDATE

-- name: rename
-- The short name stays: addresses hold it.
UPDATE tenants SET name = $2 WHERE id = $1

-- name: remove
-- Its id stays in the audit and with what is still to be erased.
UPDATE tenants SET deleted_at = $2 WHERE id = $1

-- name: revoke_keys
-- Keys that were bound to the team.
UPDATE api_keys SET revoked_at = $2 WHERE tenant_id = $1 AND revoked_at IS NULL

-- name: revoke_invitations
-- Invitations into the team.
UPDATE invitations SET revoked_at = $2 WHERE tenant_id = $1 AND used_at IS NULL AND revoked_at IS NULL

-- name: remove_members
-- Everybody.
DELETE FROM members WHERE tenant_id = $1

-- name: count_sites
-- Living sites of a team.
SELECT count(*) FROM sites WHERE tenant_id = $1 AND deleted_at IS NULL

-- name: list_members
-- Members by user id.
SELECT
    members.user_id, users.uuid AS user_uuid, coalesce(users.email, users.username) AS login, users.name,
    members.role, members.created_at
FROM members
JOIN users ON users.id = members.user_id
WHERE members.tenant_id = $1 AND ($2::bigint IS NULL OR members.user_id > $2)
ORDER BY members.user_id
LIMIT $3

-- name: member
-- One of them.
SELECT
    members.user_id, users.uuid AS user_uuid, coalesce(users.email, users.username) AS login, users.name,
    members.role, members.created_at
FROM members
JOIN users ON users.id = members.user_id
WHERE members.tenant_id = $1 AND members.user_id = $2

-- name: teams_of_user
-- The teams that somebody is in.
SELECT tenant_id FROM members WHERE user_id = $1

-- name: add_member
-- A user joins.
INSERT INTO members (tenant_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)

-- name: role_of
-- A member's role.
SELECT role FROM members WHERE tenant_id = $1 AND user_id = $2

-- name: change_role
-- Another role.
UPDATE members SET role = $3 WHERE tenant_id = $1 AND user_id = $2

-- name: remove_member
-- A user leaves.
DELETE FROM members WHERE tenant_id = $1 AND user_id = $2

-- name: other_owner
-- Whether somebody else owns the team, too.
SELECT EXISTS (SELECT FROM members WHERE tenant_id = $1 AND user_id <> $2 AND role = 'owner')
