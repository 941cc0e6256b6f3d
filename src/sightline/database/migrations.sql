-- name: schema
-- The schema that unqualified names go to; null when it does not exist.
SELECT current_schema() AS schema

-- name: take_lock
-- Keep a second runner in the same schema out; false when there is one.
SELECT pg_try_advisory_lock(hashtextextended('sightline migrations ' || current_schema(), 0))

-- name: release_lock
-- Let the next runner in.
SELECT pg_advisory_unlock(hashtextextended('sightline migrations ' || current_schema(), 0))

-- name: lock_holder
-- Who holds the lock: the 64-bit key stands in two halves in pg_locks.
SELECT l.pid, a.application_name AS application
FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid),
     (SELECT hashtextextended('sightline migrations ' || current_schema(), 0) AS key) k
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.classid::bigint = (k.key >> 32) & 4294967295 AND l.objid::bigint = k.key & 4294967295

-- name: create_table
-- What was applied. `objects` is what each migration made: rollback drops these and no others.
CREATE TABLE IF NOT EXISTS migrations (
    number     integer PRIMARY KEY,
    name       text COLLATE "C" NOT NULL,
    phase      text COLLATE "C" NOT NULL CHECK (phase IN ('pre', 'post')),
    checksum   text COLLATE "C" NOT NULL,
    objects    text[] COLLATE "C" NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)

-- name: administrator
-- Who owns the schema, where that is not us: rollback, which that role runs, has to read what was made.
SELECT quote_ident(pg_get_userbyid(nspowner)) FROM pg_namespace
WHERE nspname = current_schema() AND pg_get_userbyid(nspowner) <> current_user

-- name: relation
-- What stands under the name of the table, whatever it is.
SELECT c.oid, c.relkind::text AS kind
FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = 'migrations'

-- name: columns
-- The columns of what stands under the name of the table.
SELECT attname::text AS name, format_type(atttypid, atttypmod) AS type
FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped

-- name: applied
-- What was applied, as it is recorded.
SELECT number, name, phase, checksum, applied_at FROM migrations ORDER BY number

-- name: record
-- Record one migration, in its own transaction.
INSERT INTO migrations (number, name, phase, checksum, objects) VALUES ($1, $2, $3, $4, $5)

-- name: recorded_objects
-- Everything that the applied migrations made, whether or not it still exists.
SELECT DISTINCT unnest(objects) AS object FROM migrations

-- name: objects
-- What stands in a schema by itself: relations, functions and types, without what belongs to another of them
-- (partitions, indexes, owned sequences, row types, arrays).
SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
            WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' END AS kind,
       quote_ident(c.relname) AS name
FROM pg_class c
WHERE c.relnamespace = $1::text::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                  AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass AND c.relkind = 'S')
UNION ALL
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
       quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')'
FROM pg_proc p WHERE p.pronamespace = $1::text::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
UNION ALL
SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, quote_ident(t.typname)
FROM pg_type t
WHERE t.typnamespace = $1::text::regnamespace AND t.typtype IN ('d', 'e', 'r')
UNION ALL
SELECT 'collation', quote_ident(collname) FROM pg_collation WHERE collnamespace = $1::text::regnamespace
UNION ALL
SELECT 'operator', oprname::text FROM pg_operator WHERE oprnamespace = $1::text::regnamespace
UNION ALL
SELECT 'text search configuration', quote_ident(cfgname) FROM pg_ts_config WHERE cfgnamespace = $1::text::regnamespace
UNION ALL
SELECT 'text search dictionary', quote_ident(dictname) FROM pg_ts_dict WHERE dictnamespace = $1::text::regnamespace
UNION ALL
SELECT 'extended statistics', quote_ident(stxname) FROM pg_statistic_ext
WHERE stxnamespace = $1::text::regnamespace
  AND stxrelid NOT IN (SELECT oid FROM pg_class WHERE relnamespace = $1::text::regnamespace)
ORDER BY 1, 2
