-- name: waiting
SELECT context_outbox.*, context_object.state
FROM context_outbox JOIN context_object ON context_object.id = context_outbox.object
WHERE is_in_flight = 0 AND NOT is_revocation AND context_outbox.object IN (?);

-- name: account
UPDATE context_account SET waiting = waiting - 1 WHERE id = ?;

-- name: remove
DELETE FROM context_outbox WHERE object = ?;

-- name: hold_unacknowledged
-- Sentinel may have it: it is live, and differs from whatever is wanted.
UPDATE context_object SET state = 1, created = ?, modified = max(modified, ?), content_hash = x'',
    accepted = NULL, body = coalesce(body, ?) WHERE id = ?;

-- name: count_live
INSERT INTO context_live (kind, count) VALUES (?1, ?2)
ON CONFLICT (kind) DO UPDATE SET count = count + ?2;

-- name: forget
DELETE FROM context_object WHERE id = ? AND state = 0;
