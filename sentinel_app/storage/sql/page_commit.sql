-- name: add_page_ids
INSERT INTO page_ids (job, ids) VALUES (?, ?);

-- name: move_place
UPDATE progress SET pass = ?, last_id = ?, read_until = ?, page_size = ?
WHERE job = ? AND is_by_time = ? AND reading IN ('waiting', 'reading');

-- name: dismiss
INSERT OR IGNORE INTO dismissed (job, object) VALUES (?, ?);

-- name: find
INSERT OR IGNORE INTO found (job, digest) VALUES (?, ?);

-- name: add_alternate
INSERT OR REPLACE INTO alternate (job, object, indicator_id, source_modified) VALUES (?, ?, ?, ?);

-- name: add_ledger_row
INSERT INTO ledger (id, digest, kind, state, generation, query, job, owner, indicator_id, siblings,
    created, modified, valid_until, source_modified, content_hash, fingerprint, mark, outbox,
    container)
VALUES (?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, x'', x'', ?, ?, ?);

-- name: see
UPDATE ledger SET mark = ?, source_modified = ? WHERE id = ?;

-- name: choose
UPDATE ledger SET mark = ?, outbox = coalesce(?, outbox) WHERE id = ?;

-- name: keep
UPDATE ledger SET mark = ?, query = ?, owner = ?, indicator_id = ?, siblings = ?,
    source_modified = ?, fingerprint = ?, withdrawals_refused = 0
WHERE id = ?;

-- name: keep_summary
UPDATE content SET summary = ?, value = ? WHERE object = ?;

-- name: held_by
SELECT query, owner, kind, valid_until FROM ledger WHERE id = ? AND state = 1;

-- name: adopt
DELETE FROM orphan WHERE object = ?;

-- name: chosen_before
SELECT ledger.mark, ledger.job, ledger.indicator_id, ledger.outbox,
    outbox.indicator_id AS outbox_indicator_id, outbox.account, outbox.is_in_flight,
    outbox.waits_for, outbox.is_unacknowledged,
    refusal.indicator_id AS refused_indicator_id
FROM ledger
    LEFT JOIN outbox ON outbox.id = ledger.outbox
    LEFT JOIN refusal ON refusal.object = ledger.id AND refusal.job = ledger.mark
WHERE ledger.id = ?;

-- name: displace
UPDATE outbox SET account = 2 WHERE id = ?;

-- name: unconfirmed_indicators
SELECT DISTINCT indicator_id FROM unconfirmed;

-- name: refuse_again
UPDATE refusal SET job = ?, source_modified = ?
WHERE object = ? AND query = ? AND indicator_id = ?;

-- name: pass_over
UPDATE refusal SET passed_over_by = ? WHERE object = ? AND query = ? AND indicator_id = ?;

-- name: pass_over_chosen
UPDATE refusal SET job = 0, passed_over_by = job WHERE object = ? AND job = ?;

-- name: orphan
INSERT OR IGNORE INTO orphan (object, late_for)
SELECT id, ? FROM ledger WHERE id = ? AND indicator_id = ? AND state = 1;

-- name: converted
UPDATE progress SET convert_started_at = coalesce(convert_started_at, ?),
    objects = objects + ?, shortened = shortened + ?, next_place = next_place + ?
WHERE job = ?;

-- name: next_place
SELECT next_place, is_repeating, is_by_time, is_stopped FROM progress WHERE job = ?;

-- name: last_object
-- Also beyond what was forgotten, whose associations may be left.
SELECT max(coalesce((SELECT max(id) FROM ledger), 0),
    coalesce((SELECT max(object) FROM associated), 0));
