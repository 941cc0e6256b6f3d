-- name: begin
-- Where an import of this source goes on; made when it has not begun.
WITH made AS (
    INSERT INTO imports (site, source, part, started_at, changed_at) VALUES ($1, $2, $3, $4, $4)
    ON CONFLICT (site, source, part) DO NOTHING RETURNING id, position, counts
)
SELECT id, position, counts::text AS counts FROM made
UNION ALL
SELECT id, position, counts::text FROM imports WHERE site = $1 AND source = $2 AND part = $3
LIMIT 1

-- name: find
-- The same without making it.
SELECT id, position, counts::text AS counts FROM imports WHERE site = $1 AND source = $2 AND part = $3

-- name: advance
-- Go on from there to here, if nobody else has.
UPDATE imports SET position = $3, counts = $4::text::jsonb, changed_at = $5
WHERE id = $1 AND position = $2 RETURNING id

-- name: note_batch
-- The batch of the journal in which the signals stand.
INSERT INTO import_batches (import, batch) VALUES ($1, $2)

-- name: batches
-- All batches of an import.
SELECT batch FROM import_batches WHERE import = $1

-- name: retained
-- How long a site keeps its events.
SELECT analytics_days FROM sites WHERE id = $1
