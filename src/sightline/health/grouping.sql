-- name: place
-- Up to where errors are counted; whoever holds this row counts. No row: somebody else does.
SELECT pos FROM issue_place FOR UPDATE SKIP LOCKED

-- name: place_waiting
-- The same, waiting for whoever counts.
SELECT pos FROM issue_place FOR UPDATE

-- name: move
-- Counted up to there.
UPDATE issue_place SET pos = $1

-- name: behind
-- Whether something is there to be counted.
SELECT EXISTS (SELECT FROM ledger, issue_place WHERE ledger.pos > issue_place.pos)

-- name: rows
-- What is counted of the errors of some batches.
SELECT site, fingerprint AS key, count AS events, created_ms, release FROM signal_error
WHERE received_ms BETWEEN $1 AND $2 AND batch = ANY ($3::bigint[])

-- name: samples
-- One error of each key, of some batches.
SELECT DISTINCT ON (site, fingerprint) site, fingerprint AS key, name, message, source, stack, release, rules
FROM signal_error
WHERE received_ms BETWEEN $1 AND $2 AND batch = ANY ($3::bigint[])
  AND (site, fingerprint) IN (SELECT * FROM unnest($4::bigint[], $5::bigint[]))
ORDER BY site, fingerprint, created_ms, batch, place

-- name: keys
-- What is known of some keys.
SELECT site, key, fingerprint, alone, noise FROM issue_key
WHERE (site, key) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))

-- name: keys_of_site
-- All keys of a site, with a release in which each was seen.
SELECT k.key, k.fingerprint, k.alone, k.noise, k.parts,
       coalesce((SELECT max(c.release) FROM issue_count AS c WHERE c.site = k.site AND c.key = k.key), '') AS release
FROM issue_key AS k WHERE k.site = $1 ORDER BY k.key

-- name: count_keys
-- How many keys a site has.
SELECT count(*) FROM issue_key WHERE site = $1

-- name: add_key
-- A new key.
INSERT INTO issue_key (site, key, fingerprint, rules, noise, parts) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (site, key) DO NOTHING

-- name: change_key
-- Another fingerprint, or another rule that takes it for noise.
UPDATE issue_key SET fingerprint = $3, noise = $4 WHERE site = $1 AND key = $2

-- name: renew_key
-- Another sample.
UPDATE issue_key SET parts = $3, rules = $4 WHERE site = $1 AND key = $2

-- name: group
-- The issue of a fingerprint.
SELECT issue FROM issue_group WHERE site = $1 AND fingerprint = $2

-- name: add_issue
-- A new one.
INSERT INTO issue (site, title, culprit, rules) VALUES ($1, $2, $3, $4) RETURNING id

-- name: add_group
-- The fingerprint by which it is found.
INSERT INTO issue_group (site, fingerprint, issue, rules, why) VALUES ($1, $2, $3, $4, $5)

-- name: count
-- Add what was counted.
INSERT INTO issue_count AS old (site, key, day, release, events, first_ms, last_ms)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])
ON CONFLICT (site, key, day, release) DO UPDATE SET
    events = old.events + excluded.events,
    first_ms = least(old.first_ms, excluded.first_ms),
    last_ms = greatest(old.last_ms, excluded.last_ms)

-- name: releases
-- Note when a release was first heard of.
INSERT INTO issue_release AS old (site, release, first_ms)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])
ON CONFLICT (site, release) DO UPDATE SET first_ms = excluded.first_ms WHERE excluded.first_ms < old.first_ms

-- name: issues_of_keys
-- The issues of some keys; noise has none.
SELECT k.site, k.key, g.issue FROM issue_key AS k
JOIN issue_group AS g ON g.site = k.site AND g.fingerprint = k.fingerprint
WHERE k.noise = '' AND (k.site, k.key) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))

-- name: lock_issues
-- In the order in which whoever decides about issues locks them, so that nobody waits for each other.
SELECT id FROM issue WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE

-- name: lock_issues_of_sites
-- The same for all of some sites.
SELECT id FROM issue WHERE site = ANY ($1::bigint[]) ORDER BY id FOR UPDATE

-- name: total
-- Sum up what was counted of some issues.
UPDATE issue SET events = found.events, first_ms = found.first_ms, last_ms = found.last_ms,
    first_release = coalesce(found.first_release, ''), last_release = coalesce(found.last_release, '')
FROM (
    SELECT g.issue, sum(c.events)::bigint AS events, min(c.first_ms) AS first_ms, max(c.last_ms) AS last_ms,
           (array_agg(c.release ORDER BY c.first_ms) FILTER (WHERE c.release <> ''))[1] AS first_release,
           (array_agg(c.release ORDER BY c.last_ms DESC) FILTER (WHERE c.release <> ''))[1] AS last_release
    FROM issue_group AS g
    JOIN issue_key AS k ON k.site = g.site AND k.fingerprint = g.fingerprint AND k.noise = ''
    JOIN issue_count AS c ON c.site = k.site AND c.key = k.key
    WHERE g.issue = ANY ($1::bigint[]) GROUP BY g.issue
) AS found
WHERE issue.id = found.issue

-- name: waiting
-- Those of some issues that are closed, and may have to be opened again.
SELECT id, site, status, events, resolved_ms, resolved_in, ignored_until_ms, ignored_until_events,
       (SELECT first_ms FROM issue_release AS r WHERE r.site = issue.site AND r.release = resolved_in) AS resolved_order
FROM issue WHERE id = ANY ($1::bigint[]) AND status <> 'open' FOR UPDATE

-- name: release_order
-- When some releases were first heard of.
SELECT site, release, first_ms FROM issue_release
WHERE (site, release) IN (SELECT * FROM unnest($1::bigint[], $2::text[]))

-- name: regress
-- It was resolved, and is back.
UPDATE issue SET status = 'open', resolved_ms = NULL, resolved_in = '', regressed_ms = $2, regressed_in = $3
WHERE id = $1

-- name: reopen
-- It was ignored for long enough.
UPDATE issue SET status = 'open', ignored_until_ms = NULL, ignored_until_events = NULL WHERE id = $1

-- name: issues_of_sites
-- All issues of some sites.
SELECT id FROM issue WHERE site = ANY ($1::bigint[])

-- name: sites
-- The sites that have issues or counts.
SELECT site FROM issue_key UNION SELECT site FROM issue

-- name: forget_counts
-- Before they are counted anew.
DELETE FROM issue_count WHERE site = ANY ($1::bigint[])

-- name: forget_days
-- What is older than a day, of some sites or all.
DELETE FROM issue_count WHERE day < $2 AND (cardinality($1::bigint[]) = 0 OR site = ANY ($1))

-- name: forget_empty_keys
-- Keys of which nothing is left.
DELETE FROM issue_key AS k WHERE (cardinality($1::bigint[]) = 0 OR k.site = ANY ($1))
  AND NOT EXISTS (SELECT FROM issue_count AS c WHERE c.site = k.site AND c.key = k.key)

-- name: forget_empty_groups
-- Fingerprints that nothing has any more.
DELETE FROM issue_group AS g WHERE (cardinality($1::bigint[]) = 0 OR g.site = ANY ($1))
  AND NOT EXISTS (SELECT FROM issue_key AS k WHERE k.site = g.site AND k.fingerprint = g.fingerprint AND k.noise = '')

-- name: forget_empty_issues
-- Issues of which nothing is left.
DELETE FROM issue AS i WHERE (cardinality($1::bigint[]) = 0 OR i.site = ANY ($1))
  AND NOT EXISTS (SELECT FROM issue_group AS g WHERE g.issue = i.id)

-- name: forget_site
-- Releases and settings of sites of which everything is erased.
DELETE FROM issue_release WHERE site = ANY ($1::bigint[])

-- name: first_keys
-- The key by which each of some issues was seen first: it gives the title.
SELECT DISTINCT ON (g.issue) g.issue, g.why, k.parts, k.rules FROM issue_group AS g
JOIN issue_key AS k ON k.site = g.site AND k.fingerprint = g.fingerprint AND k.noise = ''
JOIN issue_count AS c ON c.site = k.site AND c.key = k.key
WHERE g.issue = ANY ($1::bigint[]) ORDER BY g.issue, c.first_ms, k.key

-- name: retitle
-- Another title.
UPDATE issue SET title = $2, culprit = $3, rules = $4 WHERE id = $1

-- name: ended
-- The erasures among these that have ended, and took errors otherwise than by whole days.
SELECT sites FROM tombstone
WHERE id = ANY ($1::bigint[]) AND finished_at IS NOT NULL AND (kinds = '{}' OR 'error' = ANY (kinds))
  AND (visitors <> '{}' OR visits <> '{}' OR persons <> '{}' OR before_ms % 86400000 <> 0)

-- name: noise_of
-- What a site says of noise.
SELECT off, rules::text AS rules FROM issue_noise WHERE site = $1
