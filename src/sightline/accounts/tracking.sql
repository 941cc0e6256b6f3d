-- name: path
-- Below which path this installation listens to the SDK.
SELECT path FROM installation

-- name: of_site
-- What the SDK does on a site; a site without a row does what the defaults say.
SELECT replay_percent, payment_pages, endpoints FROM tracking WHERE site_id = $1

-- name: keep
-- What it shall do from now on.
INSERT INTO tracking (site_id, replay_percent, payment_pages, endpoints) VALUES ($1, $2, $3, $4)
ON CONFLICT (site_id) DO UPDATE
SET replay_percent = excluded.replay_percent, payment_pages = excluded.payment_pages, endpoints = excluded.endpoints
