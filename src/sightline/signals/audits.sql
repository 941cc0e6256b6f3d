-- name: ask
-- A new audit; whoever leads the jobs carries it out.
INSERT INTO privacy_audits (site_id, since_ms, sample, asked_by, asked_at) VALUES ($1, $2, $3, $4, $5)
RETURNING id, site_id, since_ms, sample, asked_by, asked_at, progress, finished_at, report::text AS report

-- name: open
-- Those that are not finished, the oldest first.
SELECT id, site_id, since_ms, sample, asked_by, asked_at, progress, finished_at, report::text AS report
FROM privacy_audits WHERE finished_at IS NULL ORDER BY id

-- name: latest
-- The latest ones.
SELECT id, site_id, since_ms, sample, asked_by, asked_at, progress, finished_at, report::text AS report
FROM privacy_audits ORDER BY id DESC LIMIT $1

-- name: note
-- How far it is.
UPDATE privacy_audits SET progress = $2 WHERE id = $1

-- name: finish
-- What came of it.
UPDATE privacy_audits SET progress = 1, finished_at = $2, report = $3::text::jsonb WHERE id = $1

-- name: forget
-- Only the latest ones are kept.
DELETE FROM privacy_audits
WHERE finished_at IS NOT NULL AND id NOT IN (SELECT id FROM privacy_audits ORDER BY id DESC LIMIT $1)
