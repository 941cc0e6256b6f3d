-- name: facts
-- The server, the database and its size.
SELECT current_setting('server_version_num')::integer / 10000 AS major, current_database()::text AS database,
       pg_database_size(current_database()) AS bytes, current_setting('max_connections')::integer AS max_connections

-- name: schemas
-- The size of each schema, with indexes and what is stored out of line.
SELECT n.nspname::text AS name, coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS bytes
FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'm', 'S')
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
GROUP BY 1 ORDER BY 1

-- name: connections
-- Open connections by role, in the whole server, without ours.
SELECT usename::text AS role, count(*) AS connections
FROM pg_stat_activity
WHERE usename IS NOT NULL AND datname IS NOT NULL AND pid <> pg_backend_pid()
GROUP BY 1 ORDER BY 1

-- name: reads
-- Blocks that this database found in memory, and those that it had to read.
SELECT blks_hit AS hit, blks_read AS read FROM pg_stat_database WHERE datname = current_database()

-- name: writes_15
-- Blocks written by the whole server.
SELECT buffers_checkpoint + buffers_clean + buffers_backend FROM pg_stat_bgwriter

-- name: writes_16
-- The same, from 16 on.
SELECT coalesce(sum(writes), 0)::bigint FROM pg_stat_io
