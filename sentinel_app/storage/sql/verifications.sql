-- name: begin
INSERT INTO verification (started, is_whole) VALUES (?, ?);

-- name: finish
UPDATE verification SET ended = ?, requests = ?, held = ?, confirmed = ?, recent = ?, unread = ?
WHERE id = ?;

-- name: fail
UPDATE verification SET ended = ?, requests = ?, code = ?, message = ?, reason = ? WHERE id = ?;

-- name: end_context
INSERT INTO context_verification (verification, code, message, reason, held, confirmed, recent,
    unread)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: context
SELECT * FROM context_verification WHERE verification = ?;

-- name: forget_context_findings
DELETE FROM finding WHERE id IN (
    SELECT id FROM finding WHERE verification = ? AND is_context = 1 LIMIT ?
);

-- name: count
INSERT INTO finding_count (verification, is_context, kind, count) VALUES (?, ?, ?, ?);

-- name: counts
SELECT kind, count FROM finding_count WHERE verification = ? AND is_context = ?;

-- name: last
SELECT * FROM verification WHERE ended IS NOT NULL ORDER BY id DESC LIMIT 1;

-- name: last_complete
SELECT * FROM verification WHERE ended IS NOT NULL AND code IS NULL ORDER BY id DESC LIMIT 1;

-- name: since_whole
SELECT count(*) FROM verification
WHERE ended IS NOT NULL AND code IS NULL AND id > ?;

-- name: last_whole
SELECT max(id) FROM verification WHERE ended IS NOT NULL AND code IS NULL AND is_whole;

-- name: keep_marks
-- What an update is still about keeps its mark in the run that counts now.
UPDATE finding SET update_id = earlier.update_id
FROM finding AS earlier
WHERE earlier.update_id IN (SELECT value FROM json_each(?2)) AND earlier.verification != ?1
    AND finding.verification = ?1 AND finding.digest = earlier.digest;

-- name: forget_findings
-- Except those of an update that has yet to read them, unless the run that counts has them too.
DELETE FROM finding WHERE id IN (
    SELECT id FROM finding AS earlier WHERE verification != ?1 AND (
        update_id IS NULL OR update_id NOT IN (SELECT value FROM json_each(?2))
        OR EXISTS (SELECT 1 FROM finding WHERE verification = ?1 AND digest = earlier.digest)
    ) LIMIT ?3
);

-- name: forget_counts
DELETE FROM finding_count WHERE verification NOT IN (?, ?);

-- name: forget_contexts
DELETE FROM context_verification WHERE verification NOT IN (?, ?);

-- name: forget_runs
DELETE FROM verification WHERE id <= ? AND id NOT IN (?, ?);

-- name: carry
-- What no rule can match stays so as long as the same version is live.
INSERT INTO finding (verification, is_context, kind, digest, object, modified, valid_until,
    confidence, marks, update_id)
SELECT ?, 0, finding.kind, finding.digest, object, finding.modified, finding.valid_until,
    finding.confidence,
    marks, update_id
FROM finding JOIN ledger ON ledger.id = finding.object
WHERE finding.id IN (?) AND state = 1 AND ledger.modified = finding.modified
RETURNING digest;

-- name: to_carry
SELECT id FROM finding
WHERE verification = ? AND kind = 'unmatchable' AND is_context = 0 AND id > ?
ORDER BY id LIMIT ?;

-- name: forget_between
DELETE FROM finding WHERE verification = ? AND is_context = ? AND digest BETWEEN ? AND ?;

-- name: add
INSERT INTO finding (verification, is_context, kind, digest, object, context, stix_type, modified,
    valid_until, confidence, marks)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: context_kinds
SELECT id, kind FROM context_object WHERE id IN (?);

-- name: describe
UPDATE finding SET created = ?, valid_from = ?, pattern = ?, stix_type = ?, name = ?, modified = ?
WHERE verification = ? AND is_context = ? AND digest = ? AND kind = 'unknown';

-- name: forget_undescribed
-- They were gone as they were to be described.
DELETE FROM finding WHERE verification = ? AND is_context = ? AND kind = 'unknown'
    AND pattern IS NULL AND name IS NULL;
