-- name: settings_of_session
-- What the journal needs of its connection: a commit that is durable when it returns, and a transaction that a
-- stopped process cannot keep open while it holds the ledger's lock.
SELECT set_config('synchronous_commit', 'on', false) FROM pg_settings
 WHERE name = 'synchronous_commit' AND setting IN ('off', 'local')
UNION ALL
SELECT set_config('idle_in_transaction_session_timeout', '10s', false)
UNION ALL
SELECT set_config('statement_timeout', '30s', false)

-- name: next_batches
-- The first of 64 batch numbers that are this process's own.
SELECT nextval('batch_number')

-- name: insert_keys
-- Those of the keys that were not known; in order, so that two nodes cannot wait for each other.
INSERT INTO batch_key (key, received_ms)
SELECT key, $2::bigint FROM unnest($1::uuid[]) AS key ORDER BY key
ON CONFLICT DO NOTHING RETURNING key

-- name: insert_ledger_row
-- The lock is taken first and held until the commit is visible: that makes `pos` the order of visibility.
WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' ledger', 0)))
INSERT INTO ledger (batch, received_ms, counts) SELECT $1, $2, $3::text::jsonb FROM locked

-- name: forget_keys
-- Keys older than that, some at a time, so that no transaction is long.
DELETE FROM batch_key WHERE ctid = ANY (
    ARRAY(SELECT ctid FROM batch_key WHERE received_ms < $1 LIMIT 20000))
