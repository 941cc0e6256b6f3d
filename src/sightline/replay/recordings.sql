-- name: ended
-- Visits and tabs whose recording has ended: nothing came since a moment, or, where the last page was left, since
-- another. The oldest first.
SELECT site, visit, tab, max(visitor) AS visitor, max(person) AS person, count(*) AS chunks
FROM signal_chunk WHERE received_ms >= $3
GROUP BY site, visit, tab HAVING max(received_ms) < $1
    OR (max(received_ms) < $4 AND (array_agg(closed ORDER BY last_ms DESC, closed DESC))[1])
ORDER BY max(received_ms) LIMIT $2

-- name: chunks
-- What came of one visit and tab.
SELECT batch, place, received_ms, visitor, person, document, seq, first_ms, last_ms, dropped, rules, data
FROM signal_chunk WHERE site = $1 AND visit = $2 AND tab = $3
ORDER BY document, seq, batch, place

-- name: take_chunks
-- Drop what a recording holds now; a row that is gone meanwhile was erased.
WITH taken AS (
    DELETE FROM signal_chunk AS chunk USING unnest($1::bigint[], $2::smallint[]) AS one (batch, place)
    WHERE chunk.batch = one.batch AND chunk.place = one.place AND chunk.site = $3 RETURNING 1
) SELECT count(*) FROM taken

-- name: add
-- A recording, or what it has become with chunks that came late; only if its object is still the one that was read.
INSERT INTO recordings (
    site, visit, tab, visitor, person, first_ms, last_ms, active_ms, sealed_ms, bytes, index_size, events, dropped,
    missing, clicks, inputs, errors, requests, failed, rules, object, checksum, pages, findings, gaps
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $26)
ON CONFLICT (site, visit, tab) DO UPDATE SET
    person = excluded.person, first_ms = excluded.first_ms, last_ms = excluded.last_ms,
    active_ms = excluded.active_ms, sealed_ms = excluded.sealed_ms, bytes = excluded.bytes,
    index_size = excluded.index_size, events = excluded.events, dropped = excluded.dropped,
    missing = excluded.missing, clicks = excluded.clicks, inputs = excluded.inputs, errors = excluded.errors,
    requests = excluded.requests, failed = excluded.failed, rules = excluded.rules, object = excluded.object,
    checksum = excluded.checksum, pages = excluded.pages, findings = excluded.findings,
    gaps = excluded.gaps
    WHERE recordings.object = $25
RETURNING id

-- name: of_visit
-- The recording of one visit and tab.
SELECT * FROM recordings WHERE site = $1 AND visit = $2 AND tab = $3

-- name: tenant
-- Whose keys seal the recordings of a site.
SELECT tenant_id FROM sites WHERE id = $1

-- name: known_objects
-- Which of these objects a recording names.
SELECT object FROM recordings WHERE object = ANY ($1::text[])

-- name: forget_marks
-- What happened in a recording, before it is written anew.
DELETE FROM recording_marks WHERE recording = $1

-- name: add_marks
-- What happened in a recording.
INSERT INTO recording_marks (recording, at_ms, kind, text, status, took_ms)
SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::integer[], $6::integer[])

-- name: marks
-- What happened in some recordings.
SELECT recording, at_ms, kind, text, status, took_ms FROM recording_marks WHERE recording = ANY ($1::bigint[])
ORDER BY recording, at_ms

-- name: listed
-- Recordings of a site that are sealed; order, direction and search are filled in.
SELECT id, visit, tab, visitor, person, first_ms, last_ms, active_ms, bytes, events, dropped, missing, clicks, inputs,
       errors, requests, failed, rules, kept, pages, findings, tags, sealed_ms
FROM recordings
WHERE site = $1 AND ($2::bigint IS NULL OR ({order}, id) {beyond} ($13::bigint, $2))
  AND ($3::bigint IS NULL OR first_ms >= $3) AND ($4::bigint IS NULL OR first_ms < $4)
  AND ($5::text IS NULL OR findings @> ARRAY[$5]) AND ($6::text IS NULL OR EXISTS (
      SELECT 1 FROM unnest(pages) AS page WHERE page LIKE '%' || $6 || '%'))
  AND (NOT $7 OR errors > 0) AND (NOT $8 OR failed > 0) AND (NOT $9 OR kept)
  AND ($10::bigint IS NULL OR visit = $10) AND ($11::text IS NULL OR tags @> ARRAY[$11]) AND {search}
ORDER BY {order} {direction}, id {direction} LIMIT $12

-- name: under_way
-- Recordings of a site that are not sealed yet, the latest first.
SELECT visit, tab, max(visitor) AS visitor, max(person) AS person, min(first_ms) AS first_ms, max(last_ms) AS last_ms,
       sum(events)::bigint AS events, sum(dropped)::bigint AS dropped, sum(length(data))::bigint AS bytes, min(rules) AS rules
FROM signal_chunk
WHERE site = $1 AND ($2::bigint IS NULL OR visit = $2) AND ($4::text IS NULL OR tab = $4)
GROUP BY visit, tab ORDER BY max(last_ms) DESC LIMIT $3

-- name: delete
-- Take a recording out of the list.
DELETE FROM recordings WHERE id = $1 RETURNING object

-- name: taken
-- The recordings that an erasure takes.
SELECT id, site, visit, object FROM recordings
WHERE (cardinality($1::bigint[]) = 0 OR site = ANY ($1))
  AND ($5 OR visitor = ANY ($2) OR visit = ANY ($3) OR person = ANY ($4))
  AND ($6::bigint IS NULL OR (first_ms < $6 AND ($7 OR NOT kept)))

-- name: too_old
-- Recordings of a site that are older than it keeps them.
SELECT id, site, visit, object FROM recordings WHERE site = $1 AND last_ms < $2 AND NOT kept ORDER BY last_ms LIMIT 1000

-- name: oldest
-- The oldest recordings that nobody has kept.
SELECT id, site, visit, object, bytes FROM recordings WHERE NOT kept ORDER BY last_ms LIMIT 1000

-- name: stored
-- How much is stored, of each site.
SELECT site, count(*) AS recordings, sum(bytes)::bigint AS bytes, min(first_ms) AS first_ms FROM recordings GROUP BY site

-- name: last_of_visit
-- Whether a visit has recordings or chunks left.
SELECT EXISTS (SELECT 1 FROM recordings WHERE site = $1 AND visit = $2)
    OR EXISTS (SELECT 1 FROM signal_chunk WHERE site = $1 AND visit = $2)

-- name: walked
-- Recordings that an audit reads or that are masked anew, the oldest first.
SELECT * FROM recordings
WHERE (cardinality($1::bigint[]) = 0 OR site = ANY ($1)) AND NOT site = ANY ($2::bigint[])
  AND first_ms >= $3 AND first_ms < $4 AND ($5::integer IS NULL OR rules < $5) AND ($6::float8 >= 1 OR random() < $6)
ORDER BY id

-- name: rewrite
-- Another object takes the place of a recording's, if it is still the one that was read.
UPDATE recordings SET kept = $3, object = $4, bytes = $5, index_size = $6, checksum = $7, rules = $8,
    events = $9, pages = $10
WHERE id = $1 AND object = $2 RETURNING id
