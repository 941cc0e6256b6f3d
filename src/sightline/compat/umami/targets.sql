-- name: link
-- A link or pixel and its site.
SELECT links.kind, links.slug, sites.uuid AS site FROM links JOIN sites ON sites.id = links.site_id
WHERE links.uuid = $1
