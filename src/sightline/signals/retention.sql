-- name: oldest
-- The sites of a kind that have sealed signals from before a moment, with how old these are at least.
SELECT site, min(from_ms) AS from_ms FROM extent, unnest(sites) AS site
WHERE kind = $1 AND replaced_at IS NULL AND from_ms < $2
GROUP BY site

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
