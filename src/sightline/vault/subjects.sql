-- name: act_as
-- Take on a role until the transaction ends, and say who works, on whose data, what for, and for how long already.
SELECT set_config('role', $1, true), set_config('vault.tenant', $2, true), set_config('vault.actor_kind', $3, true),
       set_config('vault.actor_id', $4, true), set_config('vault.purpose', $5, true),
       set_config('vault.origin', $6, true), set_config('vault.request_id', $7, true),
       set_config('vault.operation', $8, true), set_config('vault.root', $9, true),
       set_config('vault.started_us',
                  ((extract(epoch FROM clock_timestamp()) * 1e6)::bigint - $10::text::bigint)::text, true)

-- name: note
-- A row of the audit about what the database did not see itself.
INSERT INTO encryption_audit
    (tenant_id, operation, success, field_name, purpose, actor_kind, actor_id, origin, request_id, duration_us, error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: try_lock
-- A lock of the session, by what it is for.
SELECT pg_try_advisory_lock(hashtextextended('sightline ' || current_setting('search_path') || ' ' || $1, 0))

-- name: newest_migration
-- How far the schema is.
SELECT value::integer FROM system_config WHERE key = 'schema'

-- name: add_user
-- A subject; the names of the columns are filled in, from a closed list.
INSERT INTO users (id, tenant_id, {columns}) VALUES ($1, $2, {values})

-- name: change_user
-- Change a subject; the names of the columns are filled in, from a closed list.
UPDATE users SET {columns}, updated_at = now() WHERE id = $1 AND tenant_id = $2

-- name: known_field
-- Whether a subject has this further field.
SELECT EXISTS (SELECT FROM user_fields WHERE user_id = $1 AND field = $2)

-- name: touch_user
-- A further field of a subject changed.
UPDATE users SET updated_at = now() WHERE id = $1 AND tenant_id = $2

-- name: add_field
-- A further field of a subject.
INSERT INTO user_fields (tenant_id, user_id, field, field_name, blob, index) VALUES ($1, $2, $3, $4, $5, $6)

-- name: change_field
-- Another value of a further field.
UPDATE user_fields SET blob = $3, index = $4 WHERE user_id = $1 AND field = $2

-- name: remove_field
-- Take a further field away.
DELETE FROM user_fields WHERE user_id = $1 AND field = $2

-- name: open_clear
-- The clear fields of some subjects.
SELECT * FROM open_clear($1)

-- name: open_fields
-- The blobs of some fields of some subjects.
SELECT * FROM open_fields($1, $2)

-- name: find_subjects
-- The subjects with one of these hashes.
SELECT find_subjects($1, $2, $3) AS id

-- name: list_subjects
-- A page of subjects.
SELECT list_subjects($1, $2) AS id

-- name: link
-- A pseudonym of the signals is this subject.
INSERT INTO user_persons (tenant_id, user_id, person) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: persons
-- The pseudonyms that are this subject.
SELECT person FROM user_persons WHERE user_id = $1 ORDER BY person

-- name: whose
-- What the audit calls a subject.
SELECT pseudonym FROM users WHERE id = $1 AND tenant_id = $2

-- name: remove_user
-- Take a subject away, with all fields and hashes.
DELETE FROM users WHERE id = $1 AND tenant_id = $2

-- name: expired
-- Subjects whose value of a field is older than it may get, oldest first.
SELECT user_id FROM encryption_metadata
WHERE tenant_id = $1 AND field_name = $2 AND written_at < $3 ORDER BY written_at LIMIT $4
