-- name: begin
-- A run begins; the index refuses a second one of the same kind.
INSERT INTO key_rotation_log (tenant_id, key_type, direction, old_version, new_version, status, actor_kind, actor_id,
                              until, pause_ms, total)
VALUES ($1, $2, $3, $4, $5, 'running', $6, $7, $8, $9, (SELECT count(id) FROM users WHERE tenant_id = $1))
RETURNING id, key_type, direction, old_version, new_version, status, total, done, failed, place, until, pause_ms, started_at,
       completed_at

-- name: open_run
-- The run that is under way.
SELECT id, key_type, direction, old_version, new_version, status, total, done, failed, place, until, pause_ms, started_at,
       completed_at
FROM key_rotation_log WHERE tenant_id = $1 AND key_type = $2 AND status IN ('running', 'verifying')

-- name: one_run
-- A run as it stands.
SELECT id, key_type, direction, old_version, new_version, status, total, done, failed, place, until, pause_ms, started_at,
       completed_at
FROM key_rotation_log WHERE id = $1

-- name: open_runs
-- What is under way, of every tenant.
SELECT tenant_id, key_type, direction FROM key_rotation_log WHERE status IN ('running', 'verifying') ORDER BY id

-- name: last_completed
-- The latest run forward that was completed and not taken back since.
SELECT id, key_type, direction, old_version, new_version, status, total, done, failed, place, until, pause_ms, started_at,
       completed_at
FROM key_rotation_log
WHERE tenant_id = $1 AND key_type = $2 AND direction = 'forward' AND status IN ('completed', 'failed')
ORDER BY id DESC LIMIT 1

-- name: runs
-- All runs of a tenant, the latest first.
SELECT id, key_type, direction, old_version, new_version, status, total, done, failed, place, until, pause_ms, started_at,
       completed_at
FROM key_rotation_log WHERE tenant_id = $1 ORDER BY id DESC LIMIT 1000

-- name: rolled_back
-- A run is taken back.
UPDATE key_rotation_log SET status = 'rolled_back', completed_at = now() WHERE id = $1

-- name: note_version
-- To which version the run goes.
UPDATE key_rotation_log SET new_version = $2 WHERE id = $1
RETURNING id, key_type, direction, old_version, new_version, status, total, done, failed, place, until, pause_ms, started_at,
       completed_at

-- name: note_place
-- How far it is.
UPDATE key_rotation_log SET place = CASE WHEN $4 = 'running' THEN $2 ELSE place END,
    done = CASE WHEN $4 = 'running' THEN $3 ELSE done END
WHERE id = $1 AND status = $4

-- name: note_status
-- What has become of it.
UPDATE key_rotation_log SET status = $2, failed = $3, done = coalesce($4, done),
    completed_at = CASE WHEN $2 IN ('completed', 'failed') THEN now() END
WHERE id = $1 AND status IN ('running', 'verifying')
RETURNING id, key_type, direction, old_version, new_version, status, total, done, failed, place, until, pause_ms, started_at,
       completed_at

-- name: count_users
-- How many subjects a tenant has.
SELECT count(id) FROM users WHERE tenant_id = $1
