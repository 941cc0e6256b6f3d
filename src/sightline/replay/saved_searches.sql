-- name: listed
-- The searches of a site.
SELECT id, name, match, conditions, created_at FROM recording_searches WHERE site_id = $1 ORDER BY name, id LIMIT $2

-- name: add
-- Save one.
INSERT INTO recording_searches (site_id, name, match, conditions, created_by, created_at)
SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM recording_searches WHERE site_id = $1) < $7
RETURNING id, name, match, conditions, created_at

-- name: remove
-- Away with it.
DELETE FROM recording_searches WHERE site_id = $1 AND id = $2 RETURNING id
