-- name: ready_jobs
SELECT job, is_sorted, is_descending, waiting, reading IN ('complete', 'failed') AS is_read
FROM progress
WHERE update_id = ? AND NOT is_stopped AND waiting > 0
ORDER BY position;

-- name: started_uploading
UPDATE progress SET upload_started_at = coalesce(upload_started_at, ?),
    limit_wait_s = limit_wait_s + ?
WHERE job = ?;

-- name: answered
UPDATE progress SET upload_answered_at = ? WHERE job = ?;

-- name: count_failure
UPDATE progress SET requests = requests + 1, throttled = throttled + ?,
    throttled_s = throttled_s + ?
WHERE job = ?;

-- name: without_open
SELECT job FROM progress WHERE open = 0 AND job IN (?);
