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

-- name: move_place
UPDATE progress SET pass = ?, last_id = ?, read_until = ?, page_size = ?
WHERE job = ? AND is_by_time = ? AND reading IN ('waiting', 'reading');

-- name: end_reading
UPDATE progress SET reading = ?, download_completed_at = ?,
    failure_code = coalesce(failure_code, ?), failure_reason = coalesce(failure_reason, ?)
WHERE job = ? AND reading IN ('waiting', 'reading');

-- name: progress_row
SELECT * FROM progress WHERE job = ?;

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
