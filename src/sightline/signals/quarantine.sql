-- name: list
-- What is kept of one site, the latest first, perhaps of one reason.
SELECT id, received_ms, reason, detail, event FROM quarantine
WHERE site = $1 AND ($2::bigint IS NULL OR id < $2) AND ($3::text IS NULL OR reason = $3)
ORDER BY id DESC LIMIT $4

-- name: summary
-- How much of what, one row per reason and what gave it away.
SELECT reason, detail, count(*) AS hits, count(DISTINCT visitor) AS visitors,
       min(received_ms) AS first_ms, max(received_ms) AS last_ms
FROM quarantine WHERE site = $1 GROUP BY reason, detail ORDER BY hits DESC, reason, detail LIMIT 200

-- name: chosen
-- Some of one site: these, or all of a reason and detail; in the order of their visitors' visits.
SELECT id, visitor, event FROM quarantine
WHERE site = $1 AND id > $5
  AND ($2::bigint[] IS NULL OR id = ANY ($2))
  AND ($3::text IS NULL OR reason = $3) AND ($4::text IS NULL OR detail = $4)
ORDER BY id LIMIT $6

-- name: reclassify
-- Another reason for some of one site.
UPDATE quarantine SET reason = $5
WHERE site = $1
  AND ($2::bigint[] IS NULL OR id = ANY ($2))
  AND ($3::text IS NULL OR reason = $3) AND ($4::text IS NULL OR detail = $4)

-- name: remove
-- Gone: released.
DELETE FROM quarantine WHERE id = ANY ($1)

-- name: forget_old
-- What is older, some at a time, so that no transaction is long.
DELETE FROM quarantine WHERE ctid = ANY (ARRAY(SELECT ctid FROM quarantine WHERE received_ms < $1 LIMIT 20000))

-- name: erase
-- What a tombstone takes: of its sites if it names some, of its visitors and persons if it names some.
DELETE FROM quarantine
WHERE (cardinality($1::bigint[]) = 0 OR site = ANY ($1))
  AND (NOT $2 OR visitor = ANY ($3) OR person = ANY ($4))
  AND ($5::bigint IS NULL OR received_ms < $5)
