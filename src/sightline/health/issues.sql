-- name: list
-- The issues of a site in an order, from behind a row on. What was ignored until a moment that is over is open.
SELECT * FROM (
    SELECT id, title, culprit, events, first_ms, last_ms, first_release, last_release, resolved_ms, resolved_in,
           regressed_ms, regressed_in, ignored_until_ms, ignored_until_events, assignee,
           CASE WHEN status = 'ignored' AND ignored_until_ms <= $2 THEN 'open' ELSE status END AS status
    FROM issue WHERE site = $1
) AS found
WHERE ($3::text IS NULL OR status = $3) AND ($4::boolean IS NULL OR (regressed_ms IS NOT NULL AND status = 'open') = $4)
  AND ($5::bigint IS NULL OR assignee = $5)
  AND ($6::text IS NULL OR position(lower($6) IN lower(title || ' ' || culprit)) > 0)
  AND ($7::text IS NULL OR id IN (
        SELECT g.issue FROM issue_group AS g
        JOIN issue_key AS k ON k.site = g.site AND k.fingerprint = g.fingerprint AND k.noise = ''
        JOIN issue_count AS c ON c.site = k.site AND c.key = k.key
        WHERE g.site = $1 AND c.release = $7))
  AND ($9::bigint IS NULL OR ({order}, id) < ($9, $10::bigint))
ORDER BY {order} DESC, id DESC LIMIT $8

-- name: one
-- One issue of a site.
SELECT id, title, culprit, events, first_ms, last_ms, first_release, last_release, resolved_ms, resolved_in,
       regressed_ms, regressed_in, ignored_until_ms, ignored_until_events, assignee,
       CASE WHEN status = 'ignored' AND ignored_until_ms <= $2 THEN 'open' ELSE status END AS status
FROM issue WHERE site = $1 AND id = $3

-- name: groups
-- What an issue is made of.
SELECT g.fingerprint, g.why, coalesce(sum(c.events), 0)::bigint AS events, min(c.first_ms) AS first_ms,
       max(c.last_ms) AS last_ms, array_agg(DISTINCT k.key) AS keys
FROM issue_group AS g
JOIN issue_key AS k ON k.site = g.site AND k.fingerprint = g.fingerprint AND k.noise = ''
LEFT JOIN issue_count AS c ON c.site = k.site AND c.key = k.key
WHERE g.site = $1 AND g.issue = $2 GROUP BY g.fingerprint, g.why ORDER BY events DESC, g.fingerprint

-- name: keys_of
-- The keys of some issues, by which their errors are found.
SELECT g.issue, k.key FROM issue_group AS g
JOIN issue_key AS k ON k.site = g.site AND k.fingerprint = g.fingerprint AND k.noise = ''
WHERE g.site = $1 AND g.issue = ANY ($2::bigint[])

-- name: of_keys
-- The issues that errors with these keys belong to.
SELECT k.key, g.issue FROM issue_key AS k
JOIN issue_group AS g ON g.site = k.site AND g.fingerprint = k.fingerprint
WHERE k.site = $1 AND k.key = ANY ($2::bigint[]) AND k.noise = ''

-- name: days
-- How often an issue was seen on each day.
SELECT c.day, sum(c.events)::bigint AS events FROM issue_group AS g
JOIN issue_key AS k ON k.site = g.site AND k.fingerprint = g.fingerprint AND k.noise = ''
JOIN issue_count AS c ON c.site = k.site AND c.key = k.key
WHERE g.site = $1 AND g.issue = $2 GROUP BY c.day ORDER BY c.day

-- name: recent
-- How often some issues were seen on each of the last days.
SELECT g.issue, c.day, sum(c.events)::bigint AS events FROM issue_group AS g
JOIN issue_key AS k ON k.site = g.site AND k.fingerprint = g.fingerprint AND k.noise = ''
JOIN issue_count AS c ON c.site = k.site AND c.key = k.key
WHERE g.site = $1 AND g.issue = ANY ($2::bigint[]) AND c.day > $3 GROUP BY g.issue, c.day

-- name: releases_of
-- In which releases an issue was seen.
SELECT c.release, sum(c.events)::bigint AS events, min(c.first_ms) AS first_ms, max(c.last_ms) AS last_ms
FROM issue_group AS g
JOIN issue_key AS k ON k.site = g.site AND k.fingerprint = g.fingerprint AND k.noise = ''
JOIN issue_count AS c ON c.site = k.site AND c.key = k.key
WHERE g.site = $1 AND g.issue = $2 GROUP BY c.release ORDER BY first_ms, c.release

-- name: releases
-- The releases of a site in their order, the latest first, with the errors of each and the issues that it brought.
SELECT r.release, r.first_ms, coalesce(sum(c.events), 0)::bigint AS events,
       (SELECT count(*) FROM issue AS i WHERE i.site = r.site AND i.first_release = r.release) AS new_issues
FROM issue_release AS r
LEFT JOIN issue_count AS c ON c.site = r.site AND c.release = r.release
WHERE r.site = $1 AND ($2::bigint IS NULL OR (r.first_ms, r.release) < ($2, $3::text))
GROUP BY r.site, r.release, r.first_ms ORDER BY r.first_ms DESC, r.release DESC LIMIT $4

-- name: latest_release
-- The one that was heard of last.
SELECT release FROM issue_release WHERE site = $1 ORDER BY first_ms DESC, release DESC LIMIT 1

-- name: hear_of
-- A release that somebody names is heard of from now on.
INSERT INTO issue_release (site, release, first_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: lock
-- Some issues, while they are changed.
SELECT id, events FROM issue WHERE site = $1 AND id = ANY ($2::bigint[]) ORDER BY id FOR UPDATE

-- name: resolve
-- It is done.
UPDATE issue SET status = 'resolved', resolved_ms = $3, resolved_in = $4, regressed_ms = NULL, regressed_in = '',
    ignored_until_ms = NULL, ignored_until_events = NULL
WHERE site = $1 AND id = $2

-- name: ignore
-- Nobody looks after it, until then.
UPDATE issue SET status = 'ignored', ignored_until_ms = $3, ignored_until_events = events + $4, resolved_ms = NULL,
    resolved_in = '', regressed_ms = NULL, regressed_in = ''
WHERE site = $1 AND id = $2

-- name: open
-- It is to be looked after.
UPDATE issue SET status = 'open', resolved_ms = NULL, resolved_in = '', ignored_until_ms = NULL,
    ignored_until_events = NULL, regressed_ms = NULL, regressed_in = ''
WHERE site = $1 AND id = $2

-- name: assign
-- Who looks after it.
UPDATE issue SET assignee = $3 WHERE site = $1 AND id = $2

-- name: member
-- Whether somebody may see a site's team.
SELECT id FROM users WHERE id = $2 AND disabled_at IS NULL
    AND (role = 'admin' OR EXISTS (SELECT FROM members WHERE user_id = users.id AND tenant_id = $1))

-- name: user_of_login
-- Who signs in like this.
SELECT id FROM users WHERE (email = $1 OR username = $1) AND disabled_at IS NULL

-- name: move_groups
-- What some issues are made of goes to another.
UPDATE issue_group SET issue = $3 WHERE site = $1 AND issue = ANY ($2::bigint[])

-- name: remove
-- Issues that are merged into another.
DELETE FROM issue WHERE site = $1 AND id = ANY ($2::bigint[])

-- name: fingerprints_of
-- What an issue is made of.
SELECT fingerprint FROM issue_group WHERE site = $1 AND issue = $2

-- name: take_out
-- A fingerprint of an issue goes to another.
UPDATE issue_group SET issue = $4 WHERE site = $1 AND issue = $2 AND fingerprint = $3 RETURNING fingerprint

-- name: take_key_out
-- A key stands alone from now on.
UPDATE issue_key AS k SET fingerprint = $4, alone = true FROM issue_group AS g
WHERE k.site = $1 AND k.key = $3 AND g.site = k.site AND g.fingerprint = k.fingerprint AND g.issue = $2
RETURNING k.parts

-- name: noise_rules
-- What a site says of noise.
SELECT off, rules::text AS rules FROM issue_noise WHERE site = $1

-- name: keep_noise
-- Say it.
INSERT INTO issue_noise (site, off, rules) VALUES ($1, $2, $3::text::jsonb)
ON CONFLICT (site) DO UPDATE SET off = excluded.off, rules = excluded.rules

-- name: noise_counts
-- How much each rule took, since a day.
SELECT k.noise, sum(c.events)::bigint AS events, max(c.last_ms) AS last_ms FROM issue_key AS k
JOIN issue_count AS c ON c.site = k.site AND c.key = k.key
WHERE k.site = $1 AND k.noise <> '' AND c.day >= $2 GROUP BY k.noise

-- name: visitors
-- How many visitors had an error of some issues: for DuckDB and PostgreSQL alike.
SELECT of_issue.issue AS issue, count(DISTINCT visitor) AS visitors, count(DISTINCT visit) AS visits
FROM {errors} AS error
JOIN (SELECT unnest($2::bigint[]) AS key, unnest($3::bigint[]) AS issue) AS of_issue ON of_issue.key = error.fingerprint
WHERE error.site = $1 GROUP BY of_issue.issue

-- name: occurrences
-- Errors of an issue one by one, the latest first: for DuckDB and PostgreSQL alike.
SELECT batch, place, created_ms, visitor, visit, person, count, handled, source, page, name, message, stack, component,
       context, breadcrumbs, hostname, path, release, environment, browser, os, device, country
FROM {errors} AS error
WHERE site = $1 AND fingerprint = ANY ($2::bigint[])
  AND (created_ms < $3 OR (created_ms = $3 AND (batch < $4 OR (batch = $4 AND place < $5))))
ORDER BY created_ms DESC, batch DESC, place DESC LIMIT $6

-- name: tally
-- How an issue's errors are spread over one column: for DuckDB and PostgreSQL alike.
SELECT {column} AS value, CAST(sum(count) AS bigint) AS events, count(DISTINCT visitor) AS visitors FROM {errors} AS error
WHERE site = $1 AND fingerprint = ANY ($2::bigint[])
GROUP BY {column} ORDER BY events DESC, value LIMIT 10
