-- name: user_by_email
-- Who wants to sign in.
SELECT id, password_hash, disabled_at FROM users WHERE email = $1

-- name: user_by_username
-- The same, by user name.
SELECT id, password_hash, disabled_at FROM users WHERE username = $1

-- name: hold_user
-- The user, if the password that was just verified is still theirs.
SELECT id FROM users WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL FOR UPDATE

-- name: refresh_hash
-- The password hashed with today's parameters.
UPDATE users SET password_hash = $2 WHERE id = $1

-- name: start
-- A new sign-in.
INSERT INTO sign_ins (token_hash, user_id, agent, created_at, last_used_at, expires_at)
VALUES ($1, $2, $3, $4, $4, $5)
RETURNING id

-- name: find_by_token
-- A living sign-in, its user and the user's teams, in one go: every request of a signed-in user asks this.
SELECT
    sign_ins.id,
    sign_ins.user_id,
    sign_ins.last_used_at,
    users.role,
    coalesce(array_agg(members.tenant_id) FILTER (WHERE tenants.id IS NOT NULL), '{}') AS tenant_ids,
    coalesce(array_agg(members.role) FILTER (WHERE tenants.id IS NOT NULL), '{}') AS team_roles
FROM sign_ins
JOIN users ON users.id = sign_ins.user_id
LEFT JOIN members ON members.user_id = users.id
LEFT JOIN tenants ON tenants.id = members.tenant_id AND tenants.deleted_at IS NULL
WHERE sign_ins.token_hash = $1
  AND sign_ins.ended_at IS NULL
  AND sign_ins.expires_at > $2
  AND users.disabled_at IS NULL
GROUP BY sign_ins.id, users.id

-- name: note_use
-- The expiry moves with use.
UPDATE sign_ins SET last_used_at = $2, expires_at = $3 WHERE id = $1 AND ended_at IS NULL

-- name: end
-- End one sign-in of a user.
UPDATE sign_ins SET ended_at = $3
WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > $3
RETURNING id

-- name: end_by_token
-- End the sign-in that a browser held before it signed in again.
UPDATE sign_ins SET ended_at = $2 WHERE token_hash = $1 AND ended_at IS NULL

-- name: end_all
-- End all sign-ins of a user but one.
UPDATE sign_ins SET ended_at = $3 WHERE user_id = $1 AND ($2::bigint IS NULL OR id <> $2) AND ended_at IS NULL

-- name: list
-- Where a user is signed in.
SELECT id, agent, created_at, last_used_at, expires_at
FROM sign_ins
WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND ($3::bigint IS NULL OR id > $3)
ORDER BY id
LIMIT $4

-- name: forget_old
-- Sign-ins that ended or expired long ago.
DELETE FROM sign_ins WHERE coalesce(ended_at, expires_at) < $1 RETURNING id
