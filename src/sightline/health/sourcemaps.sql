-- name: keep
-- The map of a file in a release.
INSERT INTO source_map (site, release, file, base, sha256, size, mappings, uploaded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (site, release, file) DO UPDATE SET sha256 = excluded.sha256, size = excluded.size,
    mappings = excluded.mappings, uploaded_at = excluded.uploaded_at

-- name: known
-- What is known of a content that a site has already.
SELECT size, mappings FROM source_map WHERE site = $1 AND sha256 = $2 LIMIT 1

-- name: list
-- The maps of a site, perhaps of one release, from behind one of them on.
SELECT release, file, sha256, size, mappings, uploaded_at FROM source_map
WHERE site = $1 AND ($2::text IS NULL OR release = $2)
  AND ($3::text IS NULL OR (release, file) > ($3, $4::text))
ORDER BY release, file LIMIT $5

-- name: count
-- How many maps a site has.
SELECT count(*) FROM source_map WHERE site = $1

-- name: candidates
-- The maps of a release for files of a name.
SELECT file, sha256 FROM source_map WHERE site = $1 AND release = $2 AND base = $3

-- name: has_release
-- Whether a release has maps at all.
SELECT EXISTS (SELECT FROM source_map WHERE site = $1 AND release = $2)

-- name: remove
-- Maps of a release, or one of them.
DELETE FROM source_map WHERE site = $1 AND release = $2 AND ($3::text IS NULL OR file = $3) RETURNING sha256

-- name: still_used
-- Contents that another row has.
SELECT DISTINCT sha256 FROM source_map WHERE site = $1 AND sha256 = ANY ($2::bytea[])

-- name: remove_of_gone
-- Maps of sites that were removed.
DELETE FROM source_map USING sites WHERE sites.id = source_map.site AND sites.deleted_at IS NOT NULL

-- name: all_contents
-- Every content that is used.
SELECT DISTINCT site, sha256 FROM source_map

-- name: hear_of
-- A release that has maps is heard of.
INSERT INTO issue_release (site, release, first_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
