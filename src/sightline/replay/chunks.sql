-- name: of_document
-- What was stored of one load of a page, in order: what a masker's state is rebuilt from.
SELECT seq, data FROM signal_chunk
WHERE received_ms >= $1 AND site = $2 AND document = $3 ORDER BY seq

-- name: of_visit
-- What is stored of a visit, by loads of pages.
SELECT document, tab, min(first_ms) AS first_ms, max(last_ms) AS last_ms, count(*) AS chunks FROM signal_chunk
WHERE received_ms >= $1 AND site = $2 AND visit = $3 GROUP BY document, tab
