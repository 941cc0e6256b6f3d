-- name: by_uuid
-- The living site with this UUID, for collecting.
SELECT id, tenant_id, domains, '' AS url, consent_mode, consent_asked, honour_signals, salt_period
FROM sites WHERE uuid = $1 AND deleted_at IS NULL

-- name: by_public_key
-- The same by its public key.
SELECT id, tenant_id, domains, '' AS url, consent_mode, consent_asked, honour_signals, salt_period
FROM sites WHERE public_key = $1 AND deleted_at IS NULL

-- name: by_link_uuid
-- The living site of a link or pixel, and where it leads.
SELECT sites.id, tenant_id, domains, url, consent_mode, consent_asked, honour_signals, salt_period
FROM links JOIN sites ON sites.id = site_id
WHERE links.uuid = $1 AND kind = $2 AND deleted_at IS NULL

-- name: by_slug
-- The same by the short name in its address.
SELECT sites.id, tenant_id, domains, url, consent_mode, consent_asked, honour_signals, salt_period
FROM links JOIN sites ON sites.id = site_id
WHERE slug = $1 AND kind = $2 AND deleted_at IS NULL
