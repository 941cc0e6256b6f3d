-- name: events
-- Custom events of a visit in the order of their time: for DuckDB and PostgreSQL alike, as all of these.
SELECT created_ms, name, path, properties FROM {event} AS event
WHERE site = $1 AND visit = $2 AND type = $3 ORDER BY created_ms, batch, place LIMIT $4

-- name: vitals
-- Web Vitals of a visit.
SELECT created_ms, metric, value, rating, path, element FROM {vital} AS vital
WHERE site = $1 AND visit = $2 ORDER BY created_ms, batch, place LIMIT $3

-- name: errors
-- Errors of a visit.
SELECT created_ms, fingerprint, name, message, path, release, handled, count FROM {error} AS error
WHERE site = $1 AND visit = $2 ORDER BY created_ms, batch, place LIMIT $3

-- name: agents
-- What the events of some visits say of who came, and how many there were.
SELECT visit, max(country) AS country, max(browser) AS browser, max(os) AS os, max(device) AS device,
       CAST(sum(CASE WHEN type = $3 THEN 1 ELSE 0 END) AS bigint) AS events
FROM {event} AS event WHERE site = $1 AND visit = ANY ($2::bigint[]) GROUP BY visit

-- name: worst
-- The vitals of some visits: of each metric and rating the largest value.
SELECT visit, metric, rating, max(value) AS value, max(release) AS release
FROM {vital} AS vital WHERE site = $1 AND visit = ANY ($2::bigint[]) GROUP BY visit, metric, rating

-- name: failed_in
-- The releases that errors of some visits named, and how many errors there were.
SELECT visit, max(release) AS release, CAST(sum(count) AS bigint) AS errors
FROM {error} AS error WHERE site = $1 AND visit = ANY ($2::bigint[]) GROUP BY visit

-- name: happened
-- Custom events and vitals of some visits, for a search that asks for them.
SELECT visit, created_ms, 'event' AS kind, name AS text FROM {event} AS event
WHERE site = $1 AND visit = ANY ($2::bigint[]) AND type = $3
UNION ALL
SELECT visit, created_ms, 'vital' AS kind, metric || ' ' || rating AS text FROM {vital} AS vital
WHERE site = $1 AND visit = ANY ($2::bigint[])
