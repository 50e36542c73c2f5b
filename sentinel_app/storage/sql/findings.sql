-- name: mark
UPDATE finding SET update_id = ? WHERE id IN (?);

-- name: mark_unknown
UPDATE finding SET update_id = ?1 WHERE id IN (
    SELECT id FROM finding
    WHERE verification = ?2 AND kind = 'unknown' AND is_context = 0 AND id > ?4
        AND (update_id IS NULL OR update_id NOT IN (SELECT value FROM json_each(?3)))
    ORDER BY id LIMIT ?5
) RETURNING id;

-- name: count_unknown
-- All of them, and not those of open updates: both by an index alone, as a page asks often.
SELECT (
    SELECT count(*) FROM finding WHERE verification = ?1 AND kind = 'unknown' AND is_context = 0
) - (
    SELECT count(*) FROM finding
    WHERE update_id IN (SELECT value FROM json_each(?2)) AND verification = ?1 AND kind = 'unknown'
        AND is_context = 0
);

-- name: withdrawn_there
-- Their ids are revoked or deleted there, so that they need another one.
SELECT ledger.id, ledger.query, ledger.owner, ledger.kind, ledger.valid_until
FROM finding JOIN ledger ON ledger.id = finding.object
WHERE finding.kind = 'changed' AND marks & 3 AND state = 1 AND outbox IS NULL
    AND finding.id IN (?);

-- name: withdraw
UPDATE ledger SET state = 2 WHERE id = ?;
