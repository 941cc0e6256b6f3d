-- name: version
-- How often a page's state was written; whoever has this one in memory need not read it.
SELECT version FROM openreplay_pages WHERE site = $1 AND document = $2

-- name: state
-- What is known of a page.
SELECT version, state FROM openreplay_pages WHERE site = $1 AND document = $2

-- name: write
-- Keep what is known of a page, in the transaction that stores what made it known.
INSERT INTO openreplay_pages (site, document, visit, visitor, person, seen_ms, version, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (site, document) DO UPDATE
SET person = excluded.person, seen_ms = excluded.seen_ms, version = excluded.version, state = excluded.state

-- name: forget_old
-- Pages that nobody can go on with: the token of their session has ended.
DELETE FROM openreplay_pages WHERE seen_ms < $1

-- name: erase
-- What belongs to whom an erasure names.
DELETE FROM openreplay_pages
WHERE (cardinality($1::bigint[]) = 0 OR site = ANY ($1))
  AND ($5 OR visitor = ANY ($2) OR visit = ANY ($3) OR person = ANY ($4))
  AND ($6::bigint IS NULL OR seen_ms < $6)
