-- name: partitions
-- The partitions of a table, oldest first, with the bounds of their moments of receipt.
SELECT c.relname AS name,
       substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \(''(-?\d+)''\)')::bigint AS from_ms,
       substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''(-?\d+)''\)')::bigint AS to_ms,
       i.inhdetachpending AS detaching,
       pg_total_relation_size(c.oid) AS size
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = to_regclass($1)
ORDER BY from_ms

-- name: leftover_tables
-- Tables that were detached from their parent, or never attached, and not dropped: a process ended in between.
SELECT c.relname AS name
FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
  AND c.relname ~ ('^' || $1 || '_\d{8}$')

-- name: lock_making
-- One process makes partitions at a time; a drop, which may wait long, is not waited for.
SELECT pg_advisory_lock(hashtextextended(current_schema() || ' making partitions', 0))

-- name: lock_dropping
-- One process drops partitions at a time.
SELECT pg_try_advisory_lock(hashtextextended(current_schema() || ' dropping partitions', 0))
