-- name: put
-- The latest result of a kind takes the place of the one before.
INSERT INTO cloud_reports (kind, taken_at, document) VALUES ($1, $2, $3::text::jsonb)
ON CONFLICT (kind) DO UPDATE SET taken_at = excluded.taken_at, document = excluded.document

-- name: all
-- What there is.
SELECT kind, taken_at, document::text AS document FROM cloud_reports
