-- name: any_admin
-- Whether somebody can administer this instance.
SELECT EXISTS (SELECT FROM users WHERE role = 'admin')

-- name: lock
-- One setup at a time.
SELECT pg_advisory_xact_lock(hashtextextended('sightline admins', 0))

-- name: add_link
-- A fresh link.
INSERT INTO setup_links (token_hash, created_at, expires_at) VALUES ($1, $2, $3)

-- name: is_valid
-- Whether a link can be used now.
SELECT EXISTS (SELECT FROM setup_links WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2)

-- name: use_link
-- Use it up.
UPDATE setup_links SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING id

-- name: forget_old
-- Links that can no longer be used.
DELETE FROM setup_links WHERE used_at IS NOT NULL OR expires_at < $1 RETURNING id
