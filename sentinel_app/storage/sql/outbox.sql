-- name: add
INSERT INTO outbox (id, job, object, waits_for, is_unacknowledged, is_revocation, account,
    unconfirmed, generation, query, owner, indicator_id, siblings, created, modified, valid_until,
    source_modified, content_hash, fingerprint, confidence, summary_digest, sort_value, summary,
    value, size, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: waiting
SELECT outbox.id, outbox.job, object, outbox.modified, outbox.indicator_id, kind, is_revocation,
    outbox.summary, outbox.owner, size, body
FROM outbox JOIN ledger ON ledger.id = outbox.object
WHERE outbox.id BETWEEN ? AND ? AND NOT is_in_flight AND waits_for IS NULL AND sort_value IS NULL
ORDER BY outbox.id LIMIT ?;

-- name: waiting_ascending
SELECT outbox.id, outbox.job, object, outbox.modified, outbox.indicator_id, kind, is_revocation,
    outbox.summary, outbox.owner, size, body
FROM outbox JOIN ledger ON ledger.id = outbox.object
WHERE outbox.job = ? AND NOT is_in_flight AND waits_for IS NULL AND sort_value IS NOT NULL
ORDER BY sort_value, outbox.indicator_id LIMIT ?;

-- name: waiting_descending
SELECT outbox.id, outbox.job, object, outbox.modified, outbox.indicator_id, kind, is_revocation,
    outbox.summary, outbox.owner, size, body
FROM outbox JOIN ledger ON ledger.id = outbox.object
WHERE outbox.job = ? AND NOT is_in_flight AND waits_for IS NULL AND sort_value IS NOT NULL
ORDER BY sort_value DESC, outbox.indicator_id DESC LIMIT ?;

-- name: claim
UPDATE outbox SET is_in_flight = 1 WHERE id IN (?);

-- name: in_flight_jobs
SELECT job.request_id FROM progress JOIN job ON job.id = progress.job
WHERE update_id = ? AND EXISTS (
    SELECT 1 FROM outbox WHERE outbox.id BETWEEN progress.job << 32 AND (progress.job + 1 << 32) - 1
        AND is_in_flight
) ORDER BY position;

-- name: in_flight
SELECT id, job, object, indicator_id, account, is_revocation, unconfirmed, generation
FROM outbox WHERE is_in_flight AND id IN (?);

-- name: in_flight_of
SELECT id FROM outbox WHERE id BETWEEN ? AND ? AND is_in_flight;

-- name: all_in_flight
SELECT id, job, account FROM outbox WHERE is_in_flight;

-- name: wait_again
UPDATE outbox SET is_in_flight = 0, is_unacknowledged = is_unacknowledged OR ? WHERE id = ?;

-- name: let_better_go
UPDATE outbox SET waits_for = NULL, is_unacknowledged = is_unacknowledged OR ?
WHERE waits_for = ?;

-- name: remove
DELETE FROM outbox WHERE id = ?;

-- name: detach
UPDATE ledger SET outbox = NULL WHERE id = ? AND outbox = ?;

-- name: point_back
UPDATE ledger SET outbox = ? WHERE id = ?;

-- name: rows
SELECT * FROM outbox_object WHERE id IN (?);

-- name: waited_for
SELECT waits_for FROM outbox WHERE waits_for IS NOT NULL;

-- name: unacknowledge
UPDATE outbox SET is_unacknowledged = 1 WHERE id = ?;

-- name: failing_with_care
SELECT * FROM outbox_object
WHERE id BETWEEN ? AND ? AND NOT is_in_flight AND (is_unacknowledged OR account = 1);

-- name: count_failing
SELECT count(*) FROM outbox WHERE id BETWEEN ? AND ? AND NOT is_in_flight AND account = 0;

-- name: detach_failing
-- An object that Sentinel does not have, and that will not be sent now, is free for other queries.
-- A worse copy in flight may arrive.
UPDATE ledger SET outbox = NULL, mark = CASE
    WHEN state = 1 AND ledger.valid_until > outbox.modified THEN mark
    WHEN waits_for IS NOT NULL THEN mark
    ELSE 0
END
FROM outbox WHERE ledger.id = outbox.object AND ledger.outbox = outbox.id
    AND outbox.id BETWEEN ? AND ? AND NOT is_in_flight;

-- name: let_go
-- The same for an object whose versions have all left the outbox.
UPDATE ledger SET mark = 0 WHERE id = ? AND outbox IS NULL AND state != 1
    AND NOT EXISTS (SELECT 1 FROM refusal WHERE refusal.object = ledger.id AND refusal.job = mark);

-- name: remove_failing
DELETE FROM outbox WHERE id BETWEEN ? AND ? AND NOT is_in_flight;

-- name: nothing_waits
UPDATE progress SET waiting = 0 WHERE job = ?;

-- name: hold
UPDATE ledger SET state = ?, generation = ?, query = ?, job = ?, owner = ?, indicator_id = ?,
    siblings = ?, created = ?, modified = ?, valid_until = ?, source_modified = ?,
    content_hash = ?, fingerprint = ?, confidence = ?, accepted = NULL, summary_digest = ?,
    withdrawals_refused = 0, outbox = CASE outbox WHEN ? THEN NULL ELSE outbox END,
    first_sent = coalesce(first_sent, ?)
WHERE id = ?;

-- name: hold_content
INSERT OR REPLACE INTO content (object, summary, value, body) VALUES (?, ?, ?, ?);

-- name: adopt
DELETE FROM orphan WHERE object = ?;

-- name: confirm
DELETE FROM unconfirmed WHERE object = ? AND generation = ?;

-- name: keep_unconfirmed
INSERT INTO unconfirmed (object, generation, query, owner, indicator_id, created, modified, summary,
    body, mark)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (object, generation) DO UPDATE SET modified = excluded.modified, body = excluded.body;

-- name: refuse_withdrawal
UPDATE ledger SET withdrawals_refused = withdrawals_refused + 1 WHERE id = ?;

-- name: refuse_confirmation
UPDATE unconfirmed SET attempts = attempts + 1 WHERE object = ? AND generation = ?;

-- name: recent_requests
SELECT at FROM request_time ORDER BY at;

-- name: add_request
INSERT INTO request_time (at) VALUES (?);

-- name: forget_requests
DELETE FROM request_time WHERE at <= ?;

-- name: acknowledge
UPDATE ledger SET content_hash = ?, accepted = ?
WHERE id = ? AND modified = ? AND content_hash = x'';

-- name: confirm_late
DELETE FROM unconfirmed WHERE object = ? AND modified = ?;

-- name: live_before
SELECT ledger.query, ledger.owner, kind, ledger.valid_until / 3600000, -count(*)
FROM outbox JOIN ledger ON ledger.id = outbox.object
WHERE state = 1 AND outbox.id IN (?) GROUP BY 1, 2, 3, 4;

-- name: live_after
SELECT outbox.query, outbox.owner, kind, outbox.valid_until / 3600000, count(*)
FROM outbox JOIN ledger ON ledger.id = outbox.object
WHERE NOT is_revocation AND outbox.id IN (?) GROUP BY 1, 2, 3, 4;

-- name: hold_all
UPDATE ledger SET state = 1 + new.is_revocation, generation = new.generation, query = new.query,
    job = new.job, owner = new.owner, indicator_id = new.indicator_id, siblings = new.siblings,
    created = new.created, modified = new.modified, valid_until = new.valid_until,
    source_modified = new.source_modified, content_hash = new.content_hash,
    fingerprint = new.fingerprint, confidence = new.confidence, accepted = ?,
    summary_digest = new.summary_digest, withdrawals_refused = 0,
    outbox = nullif(ledger.outbox, new.id), first_sent = coalesce(first_sent, new.modified)
FROM outbox AS new WHERE ledger.id = new.object AND new.id IN (?);

-- name: hold_all_content
INSERT OR REPLACE INTO content (object, summary, value, body)
SELECT object, summary, value, body FROM outbox WHERE id IN (?);

-- name: adopt_all
DELETE FROM orphan WHERE object IN (SELECT object FROM outbox WHERE id IN (?));

-- name: forget_refusals
-- Refusals of other copies are still valid. A withdrawn object has no copy.
DELETE FROM refusal WHERE (object, query, indicator_id) IN (
    SELECT refusal.object, refusal.query, refusal.indicator_id
    FROM outbox CROSS JOIN refusal ON refusal.object = outbox.object
    WHERE (is_revocation OR (refusal.query = outbox.query
        AND refusal.indicator_id = outbox.indicator_id)) AND outbox.id IN (?)
);

-- name: remove_all
DELETE FROM outbox WHERE id IN (?);
