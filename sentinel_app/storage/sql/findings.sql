-- name: mark
UPDATE finding SET update_id = ? WHERE id IN (?);

-- name: mark_unknown
UPDATE finding SET update_id = ?
WHERE verification = ? AND kind = 'unknown' AND pattern IS NOT NULL
    AND (update_id IS NULL OR update_id NOT IN (SELECT value FROM json_each(?)));

-- name: count_unknown
SELECT count(*) FROM finding
WHERE verification = ? AND kind = 'unknown' AND pattern IS NOT NULL
    AND (update_id IS NULL OR update_id NOT IN (SELECT value FROM json_each(?)));

-- name: withdrawn_there
-- Their ids are revoked or deleted there, so that they need another one.
SELECT ledger.id, ledger.query, ledger.owner, ledger.kind, ledger.valid_until
FROM finding JOIN ledger ON ledger.id = finding.object
WHERE finding.kind = 'changed' AND marks & 3 AND state = 1 AND outbox IS NULL
    AND finding.id IN (?);

-- name: withdraw
UPDATE ledger SET state = 2 WHERE id = ?;
