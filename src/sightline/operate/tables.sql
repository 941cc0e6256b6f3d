-- name: tables
-- Tables and partitions of some schemas. A partition names its parent and its bounds.
SELECT c.oid::bigint AS oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
       pn.nspname::text AS parent_schema, p.relname::text AS parent, pg_get_expr(c.relpartbound, c.oid) AS bounds,
       pg_get_partkeydef(c.oid) AS partition_key, pg_table_size(c.oid) AS bytes,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
             ORDER BY a.attnum) AS columns,
       ARRAY(SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
             ORDER BY a.attnum) AS types
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_inherits i ON c.relispartition AND i.inhrelid = c.oid
LEFT JOIN pg_class p ON p.oid = i.inhparent
LEFT JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE n.nspname = ANY($1::text[]) AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
ORDER BY 2, 3

-- name: foreign_keys
-- Which table refers to which, with what it takes to make the reference again.
SELECT k.conrelid::bigint AS child, k.confrelid::bigint AS parent, k.conparentid = 0 AS is_own,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS child_name,
       quote_ident(k.conname) AS name, pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND n.nspname = ANY($1::text[])
ORDER BY 4, 5

-- name: sequences
-- Where sequences stand; null: nothing was taken from it yet.
SELECT schemaname::text AS schema, sequencename::text AS name, last_value
FROM pg_sequences WHERE schemaname = ANY($1::text[]) ORDER BY 1, 2

-- name: set_sequence
SELECT setval(format('%I.%I', $1::text, $2::text)::regclass, $3, true)

-- name: triggers
-- Triggers of our own making, and how each is enabled.
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS table_name, quote_ident(t.tgname) AS name,
       t.tgenabled::text AS enabled
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled <> 'D' AND n.nspname = ANY($1::text[])
ORDER BY 1, 2

-- name: occupants
-- What stands in a schema already.
SELECT c.relname::text AS name FROM pg_class c
WHERE c.relnamespace = to_regnamespace(quote_ident($1::text)) AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
ORDER BY 1

-- name: schema_exists
SELECT to_regnamespace(quote_ident($1::text)) IS NOT NULL

-- name: export_snapshot
-- The state of the database that the whole backup reads.
SELECT pg_export_snapshot() AS snapshot, now() AS taken_at, current_setting('server_version') AS version

-- name: note_restore
-- Say in the database itself that it was restored, and that the erasures since are still to be made again.
INSERT INTO restores (backup, taken_at, restored_at) VALUES ($1, $2, $3)

-- name: unfinished
-- Restores after which the erasure log was not replayed yet.
SELECT id, backup, taken_at FROM restores WHERE replayed_at IS NULL ORDER BY id

-- name: finish
UPDATE restores SET replayed_at = $2 WHERE id = $1

-- name: forced
-- Tables whose rows are filtered for their owner, too.
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relforcerowsecurity ORDER BY 1
