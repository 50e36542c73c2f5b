-- name: due
-- Indicators that Sentinel holds and whose relationships may have changed.
SELECT relation_due.object, relation_due.account, digest, generation, created, source_modified,
    kind, content.summary, content.value
FROM relation_due
    JOIN ledger ON ledger.id = relation_due.object
    JOIN content ON content.object = ledger.id
WHERE relation_due.object > ? AND state = 1
ORDER BY relation_due.object LIMIT ?;

-- name: gone
-- What was never accepted, and the ledger has forgotten.
SELECT object FROM relation_due WHERE object > ? AND object <= ?
    AND NOT EXISTS (SELECT 1 FROM ledger WHERE ledger.id = relation_due.object);

-- name: forget_associations
DELETE FROM association WHERE object IN (?);

-- name: forget_copies
DELETE FROM associated WHERE object IN (?);

-- name: forget_due
DELETE FROM relation_due WHERE object IN (?);

-- name: copies
SELECT associated.object, owner.name AS owner_name, tlp
FROM associated JOIN owner ON owner.id = associated.owner
WHERE associated.object IN (?);

-- name: places
SELECT association.object, actor_group.modified, association.group_id, actor_group.actor
FROM association LEFT JOIN actor_group ON actor_group.id = association.group_id
WHERE association.object IN (?);

-- name: known
SELECT context_object.*, context_outbox.object IS NOT NULL AS is_queued, is_in_flight,
    is_unacknowledged, is_revocation, context_outbox.created AS queued_created,
    context_outbox.modified AS queued_modified, context_outbox.content_hash AS queued_hash,
    context_outbox.account AS queued_by
FROM context_object LEFT JOIN context_outbox ON context_outbox.object = context_object.id
WHERE digest IN (?);

-- name: related
SELECT id, source FROM context_object WHERE source IN (?) AND is_wanted = 1;

-- name: add
INSERT INTO context_object (digest, kind, key, name, source, target, source_ref, target_ref)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: come_back
-- A revoked id may be final, so what comes back gets another one.
UPDATE context_object SET generation = ?, present_id = ?, state = 0, content_hash = x'',
    accepted = NULL, refused_hash = NULL, attempts = 0, is_wanted = 1 WHERE id = ?;

-- name: want
UPDATE context_object SET is_wanted = ? WHERE id = ?;

-- name: describe
UPDATE context_object SET name = ?, tlp = ? WHERE id = ?;

-- name: unqueue
DELETE FROM context_outbox WHERE object = ?;

-- name: queue
INSERT OR REPLACE INTO context_outbox (object, kind, account, is_unacknowledged, is_revocation,
    created, modified, content_hash, size, body)
VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?);

-- name: settle_relation
DELETE FROM relation_due WHERE object = ?;

-- name: settle_actor
DELETE FROM actor_due WHERE actor = ?;

-- name: actors_due
SELECT actor, account FROM actor_due WHERE actor > ? ORDER BY actor LIMIT ?;

-- name: relations_of_actor_due
INSERT OR IGNORE INTO relation_due (object, account)
SELECT DISTINCT association.object, ?1
FROM actor_group JOIN association ON association.group_id = actor_group.id
WHERE actor_group.actor = ?2;

-- name: account
UPDATE context_account SET waiting = waiting + ?, left_out = left_out + ? WHERE id = ?;

-- name: owners
-- Of what is live.
SELECT name FROM owner WHERE id IN (SELECT owner FROM live_count WHERE count > 0);
