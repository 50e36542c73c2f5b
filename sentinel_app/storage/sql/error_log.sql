-- name: add_kind
INSERT INTO error_kind (request_id, code, message, reason) VALUES (?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- name: add_error
INSERT INTO error (
    request_id, at, code, message, reason, indicator_id, indicator_type, summary, owner_name,
    web_link, kind_id
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    (SELECT id FROM error_kind WHERE request_id = ? AND code = ? AND message = ? AND reason = ?)
);

-- name: request_ids
SELECT DISTINCT request_id FROM error_kind;

-- name: remove_errors
DELETE FROM error WHERE id IN (
    SELECT id FROM error
    WHERE kind_id IN (SELECT id FROM error_kind WHERE request_id = ?)
    LIMIT ?
);

-- name: remove_kinds
DELETE FROM error_kind WHERE request_id = ?;
