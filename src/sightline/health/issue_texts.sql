-- name: texts
-- What issues hold of texts, by column and the rules that masked them.
SELECT column_name, rules, text, count(*) AS count, min(row) AS row FROM (
    SELECT 'title' AS column_name, rules, title AS text, id::text AS row, site FROM issue
    UNION ALL SELECT 'culprit', rules, culprit, id::text, site FROM issue
    UNION ALL SELECT 'why', rules, why, fingerprint::text, site FROM issue_group
    UNION ALL SELECT 'parts', rules, parts, key::text, site FROM issue_key
) AS found
WHERE text <> '' AND (cardinality($1::bigint[]) = 0 OR site = ANY ($1)) AND NOT site = ANY ($2::bigint[])
  AND ($3::integer IS NULL OR rules < $3)
GROUP BY column_name, rules, text ORDER BY column_name, rules, text

-- name: size
-- About how many rows that are.
SELECT (SELECT count(*) FROM issue WHERE (cardinality($1::bigint[]) = 0 OR site = ANY ($1)) AND NOT site = ANY ($2::bigint[])
         AND ($3::integer IS NULL OR rules < $3))
     + (SELECT count(*) FROM issue_key WHERE (cardinality($1::bigint[]) = 0 OR site = ANY ($1))
         AND NOT site = ANY ($2::bigint[]) AND ($3::integer IS NULL OR rules < $3))

-- name: issues
-- Issues that older rules masked.
SELECT id, title, culprit FROM issue
WHERE rules < $3 AND (cardinality($1::bigint[]) = 0 OR site = ANY ($1)) AND NOT site = ANY ($2::bigint[])
ORDER BY id LIMIT 1000 FOR UPDATE

-- name: groups
-- The same of fingerprints.
SELECT site, fingerprint, why FROM issue_group
WHERE rules < $3 AND (cardinality($1::bigint[]) = 0 OR site = ANY ($1)) AND NOT site = ANY ($2::bigint[])
ORDER BY site, fingerprint LIMIT 1000 FOR UPDATE

-- name: keys
-- The same of keys.
SELECT site, key, parts FROM issue_key
WHERE rules < $3 AND (cardinality($1::bigint[]) = 0 OR site = ANY ($1)) AND NOT site = ANY ($2::bigint[])
ORDER BY site, key LIMIT 1000 FOR UPDATE

-- name: write_issue
-- Masked anew.
UPDATE issue SET title = $2, culprit = $3, rules = $4 WHERE id = $1

-- name: write_group
-- Masked anew.
UPDATE issue_group SET why = $3, rules = $4 WHERE site = $1 AND fingerprint = $2

-- name: write_key
-- Masked anew.
UPDATE issue_key SET parts = $3, rules = $4 WHERE site = $1 AND key = $2

-- name: forget_noise
-- What sites said that are gone.
DELETE FROM issue_noise WHERE site = ANY ($1::bigint[])
