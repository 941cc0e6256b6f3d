-- name: poll
-- Everything that a follower of the ledger checks before it believes what it reads: that this is the writer, the same
-- cluster and the same history, and that nothing it needs was pruned.
SELECT pg_is_in_recovery()                                             AS standby,
       (SELECT system_identifier::text FROM pg_control_system())       AS cluster,
       state.sealed_pos, state.pruned_pos, state.generation,
       coalesce((SELECT max(pos) FROM ledger), 0)                      AS last_pos,
       (SELECT concat_ws(':', batch, tombstone, received_ms) FROM ledger WHERE pos = $1) AS mark
FROM journal_state AS state

-- name: rows_after
-- The next rows of the ledger.
SELECT pos, batch, tombstone, received_ms, counts::text AS counts FROM ledger WHERE pos > $1 ORDER BY pos LIMIT $2

-- name: rows_between
-- The rows of the ledger that a seal takes.
SELECT pos, batch, tombstone, received_ms, counts::text AS counts FROM ledger
WHERE pos > $1 AND pos <= $2 ORDER BY pos LIMIT $3

-- name: tombstones
-- What was erased at these places of the ledger.
SELECT id, reason, sites, visitors, visits, persons, kinds, before_ms FROM tombstone WHERE id = ANY ($1::bigint[])

-- name: closed_pos
-- The last place of the ledger before anything that was received at or after this moment.
SELECT coalesce((SELECT min(pos) - 1 FROM ledger WHERE pos > $1 AND received_ms >= $2),
                (SELECT max(pos) FROM ledger), 0)

-- name: prune
-- Forget ledger rows that are sealed and old, but never the newest: it shows a follower that history is the same.
WITH bound AS (
    SELECT max(pos) AS pos FROM ledger, journal_state
    WHERE ledger.pos <= journal_state.sealed_pos AND received_ms < $1
      AND ledger.pos < (SELECT max(pos) FROM ledger)
), noted AS (
    UPDATE journal_state SET pruned_pos = bound.pos FROM bound
    WHERE bound.pos > journal_state.pruned_pos RETURNING journal_state.pruned_pos
)
DELETE FROM ledger USING noted WHERE ledger.pos <= noted.pruned_pos

-- name: unsealed_in
-- Whether the ledger still has rows whose signals stand in partitions of this time.
SELECT EXISTS (SELECT FROM ledger WHERE received_ms >= $1 AND received_ms < $2 AND batch IS NOT NULL)
