-- name: list_jobs
-- Every job with its last run.
SELECT name, requested_at, last_started_at, last_finished_at, last_result, last_message, last_duration_ms,
       next_run_at, progress, runs, failures, failures_in_row
FROM jobs ORDER BY name

-- name: register_job
-- A job of this release; one that is there already keeps its history.
INSERT INTO jobs (name, next_run_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING

-- name: forget_jobs
-- Jobs that this release no longer has.
DELETE FROM jobs WHERE name <> ALL($1::text[])

-- name: interrupt_jobs
-- What a leader that is gone had begun and never finished.
UPDATE jobs SET last_result = 'interrupted', last_message = 'the process that ran it ended', progress = NULL,
       last_finished_at = now(), failures = failures + 1, failures_in_row = failures_in_row + 1, next_run_at = now()
WHERE last_started_at IS NOT NULL AND (last_finished_at IS NULL OR last_finished_at < last_started_at)

-- name: due_jobs
-- Jobs whose time has come, or that somebody asked for.
SELECT name FROM jobs WHERE next_run_at <= now() OR requested_at IS NOT NULL ORDER BY next_run_at

-- name: start_job
UPDATE jobs SET last_started_at = now(), requested_at = NULL, progress = NULL WHERE name = $1

-- name: note_progress
UPDATE jobs SET progress = $2 WHERE name = $1

-- name: finish_job
-- The end of a run: result, message, duration, and when it runs next.
UPDATE jobs SET last_finished_at = now(), last_result = $2, last_message = $3, last_duration_ms = $4, next_run_at = $5,
       progress = NULL, runs = runs + 1, failures = failures + ($2 = 'failed')::int,
       failures_in_row = CASE WHEN $2 = 'failed' THEN failures_in_row + 1 ELSE 0 END
WHERE name = $1

-- name: request_job
-- Ask the leader to run a job now.
UPDATE jobs SET requested_at = now() WHERE name = $1 RETURNING name
