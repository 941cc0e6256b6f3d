-- name: add_tombstone
-- Note what is to be erased, before anything is.
INSERT INTO tombstone (reason, sites, visitors, visits, persons, kinds, before_ms, requested_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id

-- name: enter_ledger
-- Give a tombstone a place in the order of commits; whoever follows the ledger erases there.
WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' ledger', 0)))
INSERT INTO ledger (tombstone, received_ms) SELECT $1, $2 FROM locked RETURNING pos

-- name: lock_ledger
-- Nobody commits signals until this transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' ledger', 0))

-- name: note_pos
-- Where a tombstone stands in the ledger for the first time.
UPDATE tombstone SET pos = $2 WHERE id = $1

-- name: note_rows
-- How many signals it has taken so far.
UPDATE tombstone SET rows = rows + $2 WHERE id = $1

-- name: note_done
-- How far it is.
UPDATE tombstone SET done = $2 WHERE id = $1

-- name: note_names
-- The pseudonyms of its persons and their visits, before anything is erased by which they could be found again.
UPDATE tombstone SET visitors = $2, visits = $3 WHERE id = $1

-- name: finish
-- It is done in every store.
UPDATE tombstone SET finished_at = $2, done = 1 WHERE id = $1 RETURNING rows

-- name: open_tombstones
-- Erasures that have begun and not ended, oldest first.
SELECT id, reason, sites, visitors, visits, persons, kinds, before_ms, pos, requested_at
FROM tombstone WHERE finished_at IS NULL ORDER BY id

-- name: batches_since
-- The batches that were committed since a place of the ledger.
SELECT batch FROM ledger WHERE pos > $1 AND batch IS NOT NULL

-- name: delete_counted
-- Delete rows of a partition and count those that no extent holds; the names and the condition are filled in.
WITH gone AS (DELETE FROM {table} WHERE received_ms >= $1 AND received_ms < $2 AND {condition} RETURNING batch)
SELECT count(*) FROM gone WHERE batch IN (SELECT batch FROM ledger, journal_state WHERE pos > sealed_pos)

-- name: delete_late
-- Delete rows of some batches; the names and the condition are filled in.
WITH gone AS (DELETE FROM {table} WHERE batch = ANY ($1::bigint[]) AND {condition} RETURNING batch)
SELECT count(*) FROM gone

-- name: count_hot
-- Count rows that no extent holds; the names and the condition are filled in.
SELECT count(*) FROM {table}
WHERE {condition} AND batch IN (SELECT batch FROM ledger, journal_state WHERE pos > sealed_pos)

-- name: named_in
-- The pseudonyms or visits under which somebody was seen; the names and the condition are filled in.
SELECT DISTINCT {column} AS name FROM {table} WHERE {condition}

-- name: erasures_of_site
-- What was erased on a site, the latest first; what retention takes every day is no erasure that somebody asked for.
SELECT id, reason, cardinality(visitors) AS visitors, cardinality(visits) AS visits, cardinality(persons) AS persons,
       rows, done, requested_at, finished_at
FROM tombstone
WHERE sites @> ARRAY[$1::bigint] AND reason <> 'retention' AND ($2::bigint IS NULL OR id < $2) AND id >= $3
ORDER BY id DESC LIMIT $4

-- name: bump_generation
-- Stored rows were rewritten or restored: every warehouse is to be made anew.
UPDATE journal_state SET generation = generation + 1 RETURNING generation
