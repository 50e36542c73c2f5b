-- name: end_at_once
UPDATE progress SET is_stopped = 1,
    reading = CASE WHEN reading = 'complete' THEN reading ELSE 'failed' END
WHERE job = ?;

-- name: forget_unused_rows
DELETE FROM ledger WHERE state = 0 AND outbox IS NULL
    AND NOT EXISTS (SELECT 1 FROM refusal WHERE refusal.object = ledger.id);

-- name: forget_progress
DELETE FROM progress WHERE job = ?;
