-- name: take_sealing
-- One sealer at a time, until the end of its transaction.
SELECT pg_try_advisory_xact_lock(hashtextextended('sightline vault sealer ' || current_schema(), 0))

-- name: bound
-- Up to which id every row is committed; null where somebody has not committed for too long.
SELECT audit_bound()

-- name: oldest_id
-- The oldest row that is kept.
SELECT min(id) FROM encryption_audit

-- name: last_seal
-- The newest seal.
SELECT * FROM audit_seals ORDER BY number DESC LIMIT 1

-- name: seals_after
-- The seals behind a number.
SELECT * FROM audit_seals WHERE number > $1 ORDER BY number LIMIT $2

-- name: seal_at
-- One seal.
SELECT * FROM audit_seals WHERE number = $1

-- name: seal_of
-- The seal that holds a row.
SELECT * FROM audit_seals WHERE from_id <= $1 AND to_id >= $1

-- name: add_seal
-- A seal.
INSERT INTO audit_seals (number, from_id, to_id, rows, root, previous, signature, sealed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: count_after
-- How many rows are not sealed yet.
SELECT count(*) FROM encryption_audit WHERE id > $1

-- name: rows
-- What is sealed of each row: every column, in this order for good.
SELECT id, accessed_at, tenant_id, user_id, operation, success, field_name, level, key_version, row_count, purpose,
       actor_kind, actor_id, origin, request_id, duration_us, error, db_role
FROM encryption_audit WHERE id BETWEEN $1 AND $2 ORDER BY id LIMIT $3

-- name: condition
-- What somebody should look at: since when rows wait for their seal, until when there is room, what is late or failed.
SELECT (SELECT min(accessed_at) FROM encryption_audit
        WHERE id > coalesce((SELECT max(to_id) FROM audit_seals), 0)) AS unsealed_since,
       (SELECT max(to_date(right(c.relname, 6), 'YYYYMM')) FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'encryption_audit'::regclass) AS last_month,
       (SELECT count(*) FROM requests WHERE answered_at IS NULL AND due_at < now()) AS late,
       (SELECT count(*) FROM key_rotation_log WHERE status = 'failed') AS failed,
       (SELECT count(*) FROM audit_seals) AS seals

-- name: page
-- The audit of a tenant, the latest first.
SELECT id, accessed_at, user_id, operation, success, field_name, level, key_version, row_count, purpose, actor_kind,
       actor_id, origin, request_id, duration_us, error, db_role
FROM encryption_audit
WHERE tenant_id = $1 AND ($2::bigint IS NULL OR id < $2) AND ($3::uuid IS NULL OR user_id = $3)
  AND ($4::text IS NULL OR operation = $4) AND ($5::boolean IS NULL OR success = $5)
ORDER BY id DESC LIMIT $6

-- name: keep_months
-- Make the coming months of the audit, drop those that are sealed and older than the retention.
SELECT made, dropped FROM keep_audit_months()
