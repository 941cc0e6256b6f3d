-- name: list
-- The saved reports of some sites, perhaps of one kind.
SELECT saved_reports.id, saved_reports.uuid, site_id, report, dialect, saved_reports.name, description,
    parameters::text AS parameters, saved_reports.created_by, saved_reports.created_at, changed_at
FROM saved_reports
WHERE site_id = ANY ($1::bigint[]) AND ($2::text IS NULL OR report = $2)
ORDER BY saved_reports.id
LIMIT $3

-- name: by_uuid
-- One, wherever it belongs.
SELECT id, uuid, site_id, report, dialect, name, description, parameters::text AS parameters, created_by, created_at,
    changed_at
FROM saved_reports WHERE uuid = $1

-- name: count
-- How many a site has.
SELECT count(*) FROM saved_reports WHERE site_id = $1

-- name: insert
-- A new one.
INSERT INTO saved_reports (
    uuid, site_id, report, dialect, name, description, parameters, created_by, created_at, changed_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9, $9)
RETURNING id, uuid, site_id, report, dialect, name, description, parameters::text AS parameters, created_by,
    created_at, changed_at

-- name: change
-- All that can change.
UPDATE saved_reports SET report = $3, name = $4, description = $5, parameters = $6::text::jsonb, changed_at = $7
WHERE site_id = $1 AND id = $2
RETURNING id, uuid, site_id, report, dialect, name, description, parameters::text AS parameters, created_by,
    created_at, changed_at

-- name: remove
-- Away with it.
DELETE FROM saved_reports WHERE site_id = $1 AND id = $2 RETURNING id
