-- name: add_kind
INSERT INTO error_kind (request_id, code, message, reason, query) VALUES (?1, ?2, ?3, ?4, (
    SELECT progress.query FROM job JOIN progress ON progress.job = job.id WHERE job.request_id = ?1
))
ON CONFLICT DO NOTHING;

-- name: add_error
INSERT INTO error (
    request_id, at, code, message, reason, indicator_id, indicator_type, summary, owner_name,
    web_link, about, object, kind_id
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    (SELECT id FROM error_kind WHERE request_id = ? AND code = ? AND message = ? AND reason = ?)
);

-- name: request_ids
SELECT DISTINCT request_id FROM error_kind;

-- name: remove_errors
-- Open errors are kept: they are the list of what is still to do.
DELETE FROM error WHERE id IN (
    SELECT id FROM error
    WHERE kind_id IN (SELECT id FROM error_kind WHERE request_id = ?) AND state != 'open'
    LIMIT ?
);

-- name: remove_kinds
DELETE FROM error_kind WHERE request_id = ?
    AND NOT EXISTS (SELECT 1 FROM error WHERE kind_id = error_kind.id);

-- name: tries
-- Refusals of a group's open errors; Jobs have no number of attempts.
SELECT count(*) AS count, min(attempts) AS attempts FROM (
    SELECT CASE about
        WHEN 'object' THEN (SELECT max(refusal.attempts) FROM refusal
            WHERE refusal.object = error.object AND refusal.indicator_id = error.indicator_id)
        WHEN 'withdrawal' THEN max(
            coalesce((SELECT withdrawals_refused FROM ledger WHERE id = error.object), 0),
            coalesce((SELECT max(attempts) FROM unconfirmed
                WHERE unconfirmed.object = error.object), 0)
        )
    END AS attempts
    FROM error WHERE kind_id = ? AND state = 'open'
) WHERE attempts <= ?;
