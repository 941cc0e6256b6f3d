-- name: end
-- Where the ledger ends now, and how far it was pruned.
SELECT coalesce((SELECT max(pos) FROM ledger), 0) AS pos, pruned_pos FROM journal_state

-- name: commits
-- The next commits with lines; of which sites they are says only the next query.
SELECT pos, batch, (counts ->> 'log')::bigint AS lines FROM ledger
WHERE pos > $1 AND counts ? 'log' ORDER BY pos LIMIT $2

-- name: lines
-- The lines of a site in some commits, in their order.
SELECT created_ms, batch, place, level, source, service, function, log_group, stream, request, trace, correlation,
       logger, message, fields, visit, visitor, person, cold, failed
FROM signal_log WHERE batch = ANY ($1::bigint[]) AND site = $2 ORDER BY batch, place

-- name: count_lines
-- How many lines of a site stand in some commits.
SELECT count(*) FROM signal_log WHERE batch = ANY ($1::bigint[]) AND site = $2
