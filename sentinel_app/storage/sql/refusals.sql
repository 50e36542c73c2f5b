-- name: refuse
INSERT INTO refusal (object, query, indicator_id, job, source_modified, content_hash, summary, value,
    attempts)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)
ON CONFLICT (object, query, indicator_id) DO UPDATE SET
    attempts = CASE WHEN content_hash = excluded.content_hash THEN attempts + 1 ELSE 1 END,
    content_hash = excluded.content_hash, job = excluded.job,
    source_modified = excluded.source_modified, summary = excluded.summary, value = excluded.value
RETURNING attempts;

-- name: seek
-- Also if Sentinel holds another copy: changes of that one yielded to the refused one. If it holds
-- an earlier version of exactly this copy, no other one is sent.
INSERT INTO sought (digest, kind, summary, value, since)
SELECT digest, kind, ?, ?, (SELECT max(id) FROM job) FROM ledger
WHERE id = ? AND (state != 1 OR indicator_id != ?)
ON CONFLICT (digest) DO UPDATE SET since = excluded.since;

-- name: forget_settled
-- A refused copy is not retried if Sentinel holds one with precedence. That is only known after a
-- complete reading of both the refused and the chosen copy's query: until then a better copy may
-- come and be chosen once more. If Sentinel has refused the chosen copy as well, each gets its few
-- attempts. A copy that was refused too often stays recorded, so that it does not block others
-- again.
DELETE FROM refusal WHERE attempts <= ?3 AND query IN (
    SELECT query FROM progress
    WHERE update_id = ?1 AND reading = 'complete' AND NOT is_stopped
) AND EXISTS (
    SELECT 1 FROM ledger LEFT JOIN progress ON progress.job = ledger.mark
    WHERE ledger.id = refusal.object AND state = 1 AND ledger.outbox IS NULL
        AND ((update_id = ?1 AND reading = 'complete' AND NOT is_stopped) OR mark < ?2)
        AND NOT EXISTS (
            SELECT 1 FROM refusal AS chosen
            WHERE chosen.object = ledger.id AND chosen.job = ledger.mark
                AND (mark >= ?2 OR chosen.attempts <= ?3)
        )
) RETURNING object;

-- name: forget_gone
-- Nor if its query was searched for it and no longer returns it, or it may no longer be sent: else
-- each delta would search for it for ever. A delta does not search for what was refused too often.
DELETE FROM refusal WHERE job < ?2 AND passed_over_by < ?2 AND EXISTS (
    SELECT 1 FROM progress
    WHERE progress.query = refusal.query AND update_id = ?1 AND reading = 'complete'
        AND NOT is_stopped AND (attempts <= ?3 OR NOT is_delta)
) RETURNING object, indicator_id, summary, value, attempts;

-- name: forget_asked
-- The same for those that were searched for one by one, whatever was tried before.
DELETE FROM refusal WHERE query IN (
    SELECT query FROM progress WHERE update_id = ? AND reading = 'complete' AND NOT is_stopped
) AND max(job, passed_over_by) < ? AND indicator_id IN (?)
RETURNING object, indicator_id, summary, value, attempts;

-- name: queries
SELECT id, query_id FROM query
WHERE EXISTS (SELECT 1 FROM refusal WHERE refusal.query = query.id);

-- name: forget_of_query
DELETE FROM refusal WHERE query = ? RETURNING object, indicator_id, summary, value, attempts;

-- name: indicators
SELECT DISTINCT indicator_id FROM refusal
WHERE query = ? AND attempts <= ? ORDER BY indicator_id;

-- name: sought
-- The oldest first, so that all Jobs of an update search for the same values: none moves up if one
-- of them is sought again meanwhile.
SELECT id, kind, summary, value FROM (SELECT * FROM sought ORDER BY id LIMIT ?2)
WHERE since < ?1 ORDER BY id;

-- name: forget_sought
DELETE FROM sought WHERE since < ?1 AND id IN (SELECT id FROM sought ORDER BY id LIMIT ?2);

-- name: is_running
-- A Job that was cancelled before its update began has a row, and chooses nothing.
SELECT EXISTS (SELECT 1 FROM progress WHERE failure_code IS NOT ?);

-- name: forget_unused_row
DELETE FROM ledger WHERE id = ? AND state = 0 AND outbox IS NULL
    AND NOT EXISTS (SELECT 1 FROM refusal WHERE refusal.object = ledger.id);
