-- name: rows_to_remask
-- Rows of a partition that were masked under older rules; the names are filled in.
SELECT ctid, {columns} FROM {table}
WHERE rules < $1 AND (cardinality($2::bigint[]) = 0 OR site = ANY ($2::bigint[])) AND created_ms >= $3
  AND site <> ALL ($4::bigint[]) AND created_ms < $5

-- name: write_remasked
-- Put masked texts in the place of what they were made of; the names are filled in.
UPDATE {table} AS old SET rules = $1, {assignments}
FROM unnest($2::tid[], {arrays}) AS again (at, {columns})
WHERE old.ctid = again.at
