-- name: add_entry
-- One more row; there is no other way to write here.
INSERT INTO access_audit
    (at, actor_kind, actor_id, tenant_id, action, object_kind, object_id, result, request_id, details)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb)

-- name: list_entries
-- The latest first, of these teams (NULL: everything), before a given row.
SELECT id, at, actor_kind, actor_id, tenant_id, action, object_kind, object_id, result, request_id, details
FROM access_audit
WHERE ($1::bigint[] IS NULL OR tenant_id = ANY ($1))
  AND ($2::bigint IS NULL OR id < $2)
  AND ($4::text IS NULL OR action = $4)
  AND ($5::text IS NULL OR result = $5)
  AND ($6::bigint IS NULL OR actor_id = $6)
  AND ($7::text IS NULL OR object_kind = $7)
  AND ($8::bigint IS NULL OR object_id = $8)
  AND ($9::timestamptz IS NULL OR at >= $9)
  AND ($10::timestamptz IS NULL OR at < $10)
ORDER BY id DESC
LIMIT $3
