-- name: first_mark
SELECT min(job) FROM progress WHERE update_id = ? AND failure_code IS NOT ?;

-- name: whole_marks
SELECT id, whole_mark FROM query WHERE whole_mark > 0;

-- name: note_whole_readings
UPDATE query SET whole_mark = ?2 WHERE id IN (
    SELECT query FROM progress
    WHERE update_id = ?1 AND reading = 'complete' AND NOT is_stopped AND NOT is_delta
);
