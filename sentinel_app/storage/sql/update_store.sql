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

-- name: first_mark
SELECT min(job) FROM progress WHERE update_id = ? AND failure_code IS NOT ?;

-- name: whole_marks
SELECT id, whole_mark FROM query WHERE whole_mark > 0;

-- name: note_whole_readings
UPDATE query SET whole_mark = ?2 WHERE id IN (
    SELECT query FROM progress
    WHERE update_id = ?1 AND reading = 'complete' AND NOT is_stopped AND NOT is_delta
);

-- name: add_extra_query
INSERT OR REPLACE INTO extra_query (job, pass, clause, is_alternate) VALUES (?, ?, ?, ?);

-- name: extra_query
SELECT clause, is_alternate FROM extra_query WHERE job = ? AND pass = ?;

-- name: start_reading
UPDATE progress SET reading = 'reading', expected = ?, is_by_time = ?, is_repeating = ?,
    download_started_at = coalesce(download_started_at, ?), pass = ?
WHERE job = ? AND reading = 'waiting';

-- name: read_by_time
UPDATE progress SET is_by_time = 1, is_repeating = 1, last_id = NULL, read_until = NULL
WHERE job = ? AND is_by_time = 0 AND reading IN ('waiting', 'reading');

-- name: forget_page_ids
DELETE FROM page_ids WHERE job = ?;

-- name: add_taken_up
INSERT OR IGNORE INTO taken_up (job, indicator_id) VALUES (?, ?);

-- name: move_place
UPDATE progress SET pass = ?, last_id = ?, read_until = ?, page_size = ?
WHERE job = ? AND is_by_time = ? AND reading IN ('waiting', 'reading');

-- name: end_reading
UPDATE progress SET reading = ?, download_completed_at = ?,
    failure_code = coalesce(failure_code, ?), failure_reason = coalesce(failure_reason, ?)
WHERE job = ? AND reading IN ('waiting', 'reading');

-- name: open_alternates
-- The best alternate of each object that no Job of the update has chosen, or for which this one has
-- chosen a worse copy.
SELECT object, indicator_id FROM (
    SELECT alternate.object, alternate.indicator_id, row_number() OVER (
        PARTITION BY alternate.object
        ORDER BY alternate.source_modified DESC, alternate.indicator_id
    ) AS rank
    FROM alternate
        JOIN known_object AS known ON known.id = alternate.object
        JOIN progress ON progress.job = alternate.job
    WHERE alternate.job = ?1 AND CASE known.mark
        WHEN ?1 THEN coalesce(refused_query, outbox_query, known.query) = progress.query
            AND (alternate.source_modified, -alternate.indicator_id) > (
                coalesce(refused_source_modified, outbox_source_modified, known.source_modified),
                -coalesce(refused_indicator_id, outbox_indicator_id, known.indicator_id)
            )
        -- A value that a reading of everything did not return is gone, also if every query was
        -- searched for exactly this value; a delta covers only what it has read.
        ELSE known.mark < ?2 AND (NOT is_delta OR scope = 'send' OR EXISTS (SELECT 1 FROM dismissed
            WHERE dismissed.job = ?1 AND dismissed.object = alternate.object))
    END
) WHERE rank = 1;

-- name: forget_alternate
DELETE FROM alternate WHERE job = ? AND object = ? AND indicator_id = ?;

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

-- name: stop_job
UPDATE progress SET is_stopped = 1, failure_code = coalesce(failure_code, ?),
    failure_reason = coalesce(failure_reason, ?),
    reading = CASE WHEN reading = 'complete' THEN reading ELSE 'failed' END
WHERE job = ?;

-- name: end_at_once
UPDATE progress SET is_stopped = 1,
    reading = CASE WHEN reading = 'complete' THEN reading ELSE 'failed' END
WHERE job = ?;

-- name: forget_progress
DELETE FROM progress WHERE job = ?;

-- name: cancel_job
UPDATE progress SET reading = 'failed', is_stopped = 1, failure_code = ?
WHERE job = ? AND reading = 'waiting' AND NOT is_stopped;

-- name: is_stopped
SELECT is_stopped FROM progress WHERE job = ?;

-- name: stopped_jobs
SELECT job FROM progress WHERE is_stopped;

-- name: forget_unused_rows
DELETE FROM ledger WHERE state = 0 AND outbox IS NULL
    AND NOT EXISTS (SELECT 1 FROM refusal WHERE refusal.object = ledger.id);

-- name: unused_jobs
SELECT id, request_id FROM job WHERE id NOT IN (SELECT job FROM ledger)
    AND id NOT IN (SELECT job FROM progress);

-- name: forget_job
-- Unless reading has begun since.
DELETE FROM job WHERE id = ? AND id NOT IN (SELECT job FROM progress);

-- name: progress_row
SELECT * FROM progress WHERE job = ?;

-- name: count_failure
UPDATE progress SET requests = requests + 1, throttled = throttled + ?,
    throttled_s = throttled_s + ?
WHERE job = ?;

-- name: without_open
SELECT job FROM progress WHERE open = 0 AND job IN (?);
