-- name: keep
-- Keep a kind of a site for so many days.
INSERT INTO retention (site, kind, days) VALUES ($1, $2, $3)
ON CONFLICT (site, kind) DO UPDATE SET days = excluded.days

-- name: keep_forever
-- Keep it for as long as everybody else's, or for ever.
DELETE FROM retention WHERE site = $1 AND kind = $2

-- name: rules
-- All rules; site 0 stands for those that have none.
SELECT site, kind, days FROM retention ORDER BY kind, site

-- name: sites_before
-- The sites of a kind that have sealed signals from before a moment.
SELECT DISTINCT site FROM extent, unnest(sites) AS site
WHERE kind = $1 AND replaced_at IS NULL AND from_ms < $2

-- name: daily
-- What the extents of the last days hold for each site of a kind: signals, and bytes by its share of each file.
SELECT site, sum(site_count)::bigint AS rows,
       sum(extent.size::double precision * site_count / extent.rows) AS bytes,
       count(DISTINCT day) AS days
FROM extent, unnest(sites, site_rows) AS held (site, site_count)
WHERE kind = $1 AND replaced_at IS NULL AND day >= $2
GROUP BY site ORDER BY site

-- name: stored
-- What the extents hold altogether for each site of a kind.
SELECT site, sum(site_count)::bigint AS rows,
       sum(extent.size::double precision * site_count / extent.rows) AS bytes,
       min(day) AS first_day
FROM extent, unnest(sites, site_rows) AS held (site, site_count)
WHERE kind = $1 AND replaced_at IS NULL
GROUP BY site ORDER BY site
