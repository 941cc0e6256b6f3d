-- name: catalogue
-- Which tables and columns there are.
SELECT table_name AS name, column_name AS column, udt_name AS type
FROM information_schema.columns WHERE table_schema = $1 ORDER BY table_name, ordinal_position

-- name: moment
-- When reading begins: nothing that is younger than ten seconds, since what was begun before may not be committed yet.
SELECT now() - interval '10 seconds'

-- name: rows
-- How many rows a table has, by the planner's estimate where it is large.
SELECT CASE WHEN reltuples < 100000 THEN NULL ELSE reltuples::bigint END FROM pg_class WHERE oid = to_regclass($1)

-- name: websites
-- The sites, also removed ones.
SELECT {columns} FROM website AS t ORDER BY {created}, website_id

-- name: events_by_site
-- What there is to read, and what is passed over and why: of every site that has events, also of those that are gone.
SELECT website_id, event_type, created_at IS NULL AS without_time,
       created_at > $1 AS later, created_at < $2 AS earlier, count(*) AS rows,
       min(created_at) FILTER (WHERE created_at BETWEEN $2 AND $1) AS first_at
FROM website_event GROUP BY 1, 2, 3, 4, 5

-- name: orphans
-- Events whose session is not there: they are read, without browser and place.
SELECT e.website_id, count(*) AS rows FROM website_event AS e
WHERE NOT EXISTS (SELECT FROM session AS s WHERE s.session_id = e.session_id) GROUP BY 1

-- name: by_site
-- The rows of another table, by site.
SELECT website_id, count(*) AS rows FROM {table} GROUP BY 1

-- name: hosts
-- The hosts whose pages a site saw, the most frequent first.
SELECT lower(hostname) AS host, count(*) AS rows FROM website_event
WHERE website_id = $1 AND hostname <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 100

-- name: events
-- The events of a site after a place in their order, with what the session says.
SELECT {columns} FROM website_event AS e LEFT JOIN session AS s ON s.session_id = e.session_id
WHERE e.website_id = $1 AND e.created_at <= $2 AND e.created_at >= $3 AND (e.created_at, e.event_id) > ($3, $4)
ORDER BY e.created_at, e.event_id

-- name: event_data
-- The properties of some events; of a name that stands there twice the later one counts.
SELECT website_event_id, {columns} FROM event_data AS t
WHERE website_event_id = ANY ($1) ORDER BY website_event_id, {created} NULLS FIRST

-- name: revenue
-- What was bought with some events. Sessions are named since there is an index on them, and none on events.
SELECT event_id, revenue, currency FROM revenue AS t
WHERE session_id = ANY ($1) AND event_id = ANY ($2) ORDER BY event_id, {created} NULLS FIRST

-- name: identities
-- What was said of visitors, in the order of its time, with the last visit of the visitor.
SELECT d.session_id, d.created_at, {who} AS who, v.visit_id, {columns}
FROM session_data AS d LEFT JOIN session AS s ON s.session_id = d.session_id
LEFT JOIN LATERAL (
    SELECT e.visit_id FROM website_event AS e
    WHERE e.session_id = d.session_id AND e.website_id = d.website_id
    ORDER BY e.created_at <= d.created_at DESC NULLS LAST, abs(extract(epoch FROM e.created_at - d.created_at)) LIMIT 1
) AS v ON true
WHERE d.website_id = $1 AND d.created_at <= $2 AND d.created_at >= $3 AND (d.created_at, d.session_id) > ($3, $4)
ORDER BY d.created_at, d.session_id

-- name: days
-- Events and money of a site by day of UTC, as they are to be found here afterwards.
SELECT (floor(extract(epoch FROM created_at) / 86400))::bigint AS day, count(*) AS events
FROM website_event
WHERE website_id = $1 AND created_at BETWEEN $2 AND $3 AND event_type = ANY ($4)
GROUP BY 1 ORDER BY 1

-- name: money
-- What was bought, by day of the event that it belongs to, in the order in which it is read for the event.
SELECT (floor(extract(epoch FROM e.created_at) / 86400))::bigint AS day, r.revenue, r.currency, r.event_id
FROM revenue AS r JOIN website_event AS e ON e.event_id = r.event_id
WHERE e.website_id = $1 AND e.created_at BETWEEN $2 AND $3 AND e.event_type = ANY ($4)
ORDER BY r.event_id, {created} NULLS FIRST
