-- name: settled
-- The kinds of key whose last rotation was completed long enough ago, and when that began.
SELECT key_type, status, started_at, completed_at FROM (
    SELECT DISTINCT ON (key_type) key_type, status, started_at, completed_at FROM key_rotation_log
    WHERE tenant_id = $1 AND status <> 'rolled_back' ORDER BY key_type, id DESC
) AS last
WHERE status = 'completed' AND completed_at < $2 AND key_type IN ('subject', 'application', 'index')

-- name: retired
-- Versions that only open, made before that rotation began.
SELECT owner, version FROM wrapped_keys
WHERE tenant_id = $1 AND kind = $2 AND purpose = $3 AND state = 'decrypt_only' AND created_at < $4
  AND (owner, version) > ($5, $6)
ORDER BY owner, version LIMIT $7

-- name: subject_uses
-- Which of these versions of subjects' keys some blob still needs.
SELECT DISTINCT m.user_id, m.key_version
FROM unnest($2::uuid[], $3::bigint[]) AS asked (user_id, key_version)
JOIN encryption_metadata AS m ON m.user_id = asked.user_id AND m.key_version = asked.key_version
WHERE m.tenant_id = $1

-- name: application_uses
-- The same of the application key.
SELECT DISTINCT app_key_version AS version FROM encryption_metadata
WHERE tenant_id = $1 AND app_key_version = ANY ($2::bigint[])

-- name: index_uses
-- The same of the index key, whose version a hash begins with.
SELECT DISTINCT substring(hash FROM 1 FOR 4) AS version FROM (
    SELECT unnest(ARRAY[email_index, phone_index, ssn_index, bank_account_index, credit_card_index]) AS hash
    FROM users WHERE tenant_id = $1
    UNION ALL SELECT index FROM user_fields WHERE tenant_id = $1
) AS hashes
WHERE substring(hash FROM 1 FOR 4) = ANY ($2::bytea[])
