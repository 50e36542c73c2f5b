-- name: scan
SELECT id, digest, generation, state, modified, valid_until, confidence, accepted,
    outbox IS NOT NULL AS is_waiting
FROM ledger WHERE id > ? ORDER BY id LIMIT ?;

-- name: between
SELECT id, digest, generation, state, modified, valid_until, confidence, accepted,
    outbox IS NOT NULL AS is_waiting
FROM ledger WHERE digest BETWEEN ? AND ?;

-- name: held
SELECT id, digest, generation, state, modified, valid_until, confidence, accepted,
    outbox IS NOT NULL AS is_waiting
FROM ledger WHERE id IN (?);

-- name: came_back
SELECT id FROM ledger WHERE generation > 0;

-- name: keys
SELECT ledger.id, kind, generation, summary, value
FROM ledger JOIN content ON content.object = ledger.id
WHERE ledger.id IN (?);

-- name: unconfirmed
SELECT unconfirmed.id, kind, unconfirmed.generation, content.summary, value
FROM unconfirmed JOIN ledger ON ledger.id = unconfirmed.object
    JOIN content ON content.object = ledger.id;

-- name: scan_context
SELECT id, digest, present_id IS NOT NULL, state, modified, NULL, NULL, accepted,
    EXISTS (SELECT 1 FROM context_outbox WHERE object = context_object.id)
FROM context_object WHERE id > ? ORDER BY id LIMIT ?;

-- name: context_between
SELECT id, digest, present_id IS NOT NULL, state, modified, NULL, NULL, accepted,
    EXISTS (SELECT 1 FROM context_outbox WHERE object = context_object.id)
FROM context_object WHERE digest BETWEEN ? AND ?;

-- name: held_context
SELECT id, digest, present_id IS NOT NULL, state, modified, NULL, NULL, accepted,
    EXISTS (SELECT 1 FROM context_outbox WHERE object = context_object.id)
FROM context_object WHERE id IN (?);

-- name: context_came_back
SELECT id, present_id FROM context_object
WHERE id > ? AND present_id IS NOT NULL ORDER BY id LIMIT ?;
