-- name: attempt
-- Count an attempt at $2 unless a wait is running; a row comes back when it was counted. Attempts before $3 no longer
-- count; the first $4 are free; after that the wait doubles from one second up to $5. A free attempt leaves `free_at` in
-- the past: at $2 it would refuse whoever came at the same moment, with a clock that was read a little earlier.
INSERT INTO sign_in_throttle AS known (key, attempts, last_at, free_at) VALUES ($1, 1, $2, $3)
ON CONFLICT (key) DO UPDATE SET
    attempts = CASE WHEN known.last_at < $3 THEN 1 ELSE known.attempts + 1 END,
    refused = 0,
    last_at = $2,
    free_at = CASE
        WHEN known.last_at < $3 OR known.attempts + 1 < $4 THEN known.free_at
        ELSE $2 + make_interval(
            secs => least($5::double precision, power(2, least(known.attempts + 1 - $4, 20)))
        )
    END
WHERE known.free_at <= $2
RETURNING attempts

-- name: refuse
-- Count a refused attempt, and say until when the wait runs.
UPDATE sign_in_throttle SET refused = refused + 1 WHERE key = $1 AND free_at > $2 RETURNING free_at, refused

-- name: forget
-- After a right password.
DELETE FROM sign_in_throttle WHERE key = $1

-- name: forgive_origin
-- After a right password: this one attempt did not fail.
UPDATE sign_in_throttle SET attempts = greatest(attempts - 1, 0), free_at = least(free_at, $2) WHERE key = $1

-- name: forget_old
-- Rows that no longer count.
DELETE FROM sign_in_throttle WHERE last_at < $1 AND free_at < $1 RETURNING key
