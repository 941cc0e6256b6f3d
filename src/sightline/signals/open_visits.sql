-- name: touch_visits
-- Note that these visits were seen again. A visit that another node has closed and opened anew is left alone.
INSERT INTO open_visit AS old (visitor, site, visit, person, started_ms, last_ms, channel)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[])
    AS seen (visitor, site, visit, person, started_ms, last_ms, channel)
ON CONFLICT (visitor) DO UPDATE SET
    last_ms = greatest(old.last_ms, excluded.last_ms),
    person = coalesce(excluded.person, old.person),
    channel = coalesce(nullif(excluded.channel, ''), old.channel)
WHERE old.visit = excluded.visit

-- name: open_visits
-- The open visit of each visitor, a new one where there is none or where the last hit is too long ago. What comes back
-- is what all nodes see. The table is unlogged, so this statement writes no log and its commit waits for no disk.
INSERT INTO open_visit AS old (visitor, site, visit, person, started_ms, last_ms, channel)
SELECT visitor, site, visit, NULL, at_ms, at_ms, channel
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $6::text[])
    AS seen (visitor, site, visit, at_ms, channel)
ON CONFLICT (visitor) DO UPDATE SET
    visit      = CASE WHEN excluded.last_ms - old.last_ms > $5 THEN excluded.visit ELSE old.visit END,
    started_ms = CASE WHEN excluded.last_ms - old.last_ms > $5 THEN excluded.started_ms ELSE old.started_ms END,
    person     = CASE WHEN excluded.last_ms - old.last_ms > $5 THEN NULL ELSE old.person END,
    channel    = CASE WHEN excluded.last_ms - old.last_ms > $5 OR excluded.channel <> '' THEN excluded.channel
                      ELSE old.channel END,
    last_ms    = greatest(old.last_ms, excluded.last_ms)
RETURNING visitor, visit, person, started_ms, last_ms, channel

-- name: last_seen
-- When a visitor was last seen, as far as it was written.
SELECT last_ms FROM open_visit WHERE visitor = $1

-- name: forget_visits
-- Visits that have ended.
DELETE FROM open_visit WHERE last_ms < $1

-- name: erase_visits
-- The open visits of somebody who is erased.
DELETE FROM open_visit
WHERE visitor = ANY ($1::bigint[]) OR visit = ANY ($2::bigint[]) OR person = ANY ($3::bigint[]) OR site = ANY ($4::bigint[])

-- name: whose
-- The visitors and persons of visits that are open, or were until a short while ago.
SELECT visit, visitor, person FROM open_visit WHERE site = $1 AND visit = ANY ($2::bigint[])
