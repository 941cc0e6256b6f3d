-- name: in_force
-- The version in force for a site: its own, or that of the instance (site 0).
SELECT number, hash FROM rules_version WHERE site IN (0, $1) ORDER BY site DESC, number DESC LIMIT 1

-- name: latest
-- The version in force of exactly this site; no row where it follows the instance.
SELECT number, site, hash, name, source, canonical, base, shipped, note, activated_at, activated_by
FROM rules_version WHERE site = $1 ORDER BY number DESC LIMIT 1

-- name: version
-- One version, in force or not.
SELECT number, site, hash, name, source, canonical, base, shipped, note, activated_at, activated_by
FROM rules_version WHERE number = $1

-- name: list
-- Versions, the latest first; NULL: of all sites. Removed sites' versions stay, since rows may carry their number.
SELECT number, site, hash, name, base, shipped, note, activated_at, activated_by,
       number = max(number) OVER (PARTITION BY site) AS is_active
FROM rules_version WHERE $1::bigint IS NULL OR site = $1 ORDER BY number DESC

-- name: sites_of_their_own
-- The sites that have rules of their own, with the version in force.
SELECT DISTINCT ON (site) number, site, hash, name, source, canonical, base, shipped, note, activated_at, activated_by
FROM rules_version WHERE site > 0 ORDER BY site, number DESC

-- name: canonical
-- What a version came to.
SELECT canonical FROM rules_version WHERE number = $1

-- name: shipped_before
-- Whether a shipped dictionary was ever in force below the instance's.
SELECT EXISTS (SELECT FROM rules_version WHERE site = 0 AND shipped = $1)

-- name: lock
-- One activation at a time.
SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' rules', 0))

-- name: next_number
-- Numbers go up over all sites, so that of two versions of a site the later has the higher.
SELECT coalesce(max(number), 0) + 1 FROM rules_version

-- name: add
-- A new version; it is in force when the transaction commits.
INSERT INTO rules_version (
    number, site, hash, name, source, canonical, base, shipped, note, activated_at, activated_by
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: announce
-- Tell every process that listens which site has other rules now; 0: the instance, and so perhaps all.
SELECT pg_notify('sightline_rules', $1)
