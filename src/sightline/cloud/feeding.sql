-- name: place
-- How far it is, and what the ledger is: of another generation the places are others.
SELECT coalesce((SELECT max(pos) FROM ledger), 0) AS last_pos, state.pruned_pos, state.generation, mine.pos,
       mine.generation AS of_generation
FROM journal_state AS state LEFT JOIN opensearch_state AS mine ON true

-- name: commits
-- The next commits with lines, and the erasures between them.
SELECT pos, batch, tombstone, coalesce((counts ->> 'log')::bigint, 0) AS lines FROM ledger
WHERE pos > $1 AND (counts ? 'log' OR tombstone IS NOT NULL) ORDER BY pos LIMIT $2

-- name: lines
-- The lines of some commits.
SELECT site, created_ms, batch, place, level, source, service, function, log_group, stream, request, trace,
       correlation, logger, message, fields, visit, visitor, person, cold, failed
FROM signal_log WHERE batch = ANY ($1::bigint[]) ORDER BY batch, place

-- name: note
-- It is so far.
INSERT INTO opensearch_state (pos, generation) VALUES ($1, $2)
ON CONFLICT (only_row) DO UPDATE SET pos = excluded.pos, generation = excluded.generation
