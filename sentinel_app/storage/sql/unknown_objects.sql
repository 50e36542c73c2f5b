-- name: take_in_withdrawals
-- The row of the id has a later one by now: what is withdrawn is the id before.
INSERT OR IGNORE INTO unconfirmed (object, generation, query, owner, indicator_id, created, modified,
    summary, body, mark)
VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, 0);

-- name: of_reborn
SELECT finding.digest, pattern, finding.created, finding.modified, valid_from, ledger.id,
    ledger.query, ledger.owner, ledger.indicator_id, summary
FROM finding JOIN ledger ON ledger.digest = finding.digest
    JOIN content ON content.object = ledger.id
WHERE update_id = ? AND finding.kind = 'unknown' AND generation > 0;

-- name: next
SELECT DISTINCT finding.digest, pattern, finding.created, finding.modified, valid_from, ledger.id,
    query, owner, indicator_id, siblings, ledger.modified AS held_modified, source_modified,
    content_hash, fingerprint, ledger.confidence, summary_digest, summary, value
FROM finding LEFT JOIN ledger ON ledger.digest = finding.digest
    LEFT JOIN content ON content.object = ledger.id
WHERE update_id = ? AND finding.digest > ? AND finding.kind = 'unknown'
    AND (ledger.id IS NULL OR ledger.mark < ? AND state != 1 AND generation = 0)
ORDER BY finding.digest LIMIT ?;

-- name: last_object
SELECT coalesce(max(id), 0) FROM ledger;

-- name: add_owner
INSERT OR IGNORE INTO owner (name) VALUES (?);

-- name: owner
SELECT id FROM owner WHERE name = ?;

-- name: query
SELECT query.id, query.query_id FROM progress JOIN query ON query.id = progress.query
WHERE job = ?;

-- name: add
INSERT INTO ledger (id, digest, kind, state, generation, query, job, owner, indicator_id, siblings,
    created, modified, valid_until, source_modified, content_hash, fingerprint, mark)
VALUES (?, ?, ?, 0, 0, ?, ?, ?, ?, 1, ?, ?, ?, ?, x'', x'', 0);
