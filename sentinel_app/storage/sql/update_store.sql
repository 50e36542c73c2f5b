-- name: number_of_job
SELECT id, EXISTS (SELECT 1 FROM progress WHERE progress.job = job.id) AS has_begun
FROM job WHERE request_id = ? ORDER BY id DESC LIMIT 1;

-- name: add_number
INSERT INTO job (request_id) VALUES (?);

-- name: begin_job
INSERT OR IGNORE INTO progress
    (job, update_id, position, query, is_delta, is_sorted, is_descending, scope)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: progress
SELECT progress.*, job.request_id, query.query_id
FROM progress
    JOIN job ON job.id = progress.job
    JOIN query ON query.id = progress.query
WHERE update_id = ? ORDER BY position;

-- name: progress_of_job
SELECT progress.* FROM progress JOIN job ON job.id = progress.job WHERE request_id = ?;

-- name: stop_job
UPDATE progress SET is_stopped = 1, failure_code = coalesce(failure_code, ?),
    failure_reason = coalesce(failure_reason, ?),
    reading = CASE WHEN reading = 'complete' THEN reading ELSE 'failed' END
WHERE job = ?;

-- name: cancel_job
UPDATE progress SET reading = 'failed', is_stopped = 1, failure_code = ?
WHERE job = ? AND reading = 'waiting' AND NOT is_stopped;

-- name: failure_code
SELECT failure_code FROM progress WHERE job = ?;

-- name: unused_jobs
SELECT id, request_id FROM job WHERE id NOT IN (SELECT job FROM ledger)
    AND id NOT IN (SELECT job FROM progress);

-- name: forget_job
-- Unless reading has begun since.
DELETE FROM job WHERE id = ? AND id NOT IN (SELECT job FROM progress);
