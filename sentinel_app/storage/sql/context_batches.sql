-- name: waiting
SELECT * FROM context_ready ORDER BY kind, object LIMIT ?;

-- name: count_ready
SELECT count(*) FROM (SELECT 1 FROM context_ready LIMIT ?);

-- name: count
SELECT count(*) FROM context_outbox;

-- name: is_in_flight
SELECT EXISTS (SELECT 1 FROM context_outbox WHERE is_in_flight = 1);

-- name: claim
UPDATE context_outbox SET is_in_flight = 1 WHERE object IN (?);

-- name: in_flight
SELECT context_outbox.*, context_object.state, context_object.attempts
FROM context_outbox JOIN context_object ON context_object.id = context_outbox.object
WHERE is_in_flight = 1 AND context_outbox.object IN (?);

-- name: hold
UPDATE context_object SET state = ?, created = ?, modified = ?, content_hash = ?, accepted = ?,
    body = ?, refused_hash = NULL, attempts = 0, refused_at = NULL, refused_code = NULL,
    refused_reason = NULL
WHERE id = ?;

-- name: refuse
UPDATE context_object SET
    attempts = CASE WHEN refused_hash = ?1 THEN attempts + 1 ELSE 1 END,
    refused_hash = ?1, refused_at = ?2, refused_code = ?3, refused_reason = ?4
WHERE id = ?5;

-- name: remove
DELETE FROM context_outbox WHERE object IN (?);

-- name: release
UPDATE context_outbox SET is_in_flight = 0, is_unacknowledged = is_unacknowledged OR ?
WHERE is_in_flight = 1 AND object IN (?);

-- name: release_all
UPDATE context_outbox SET is_in_flight = 0, is_unacknowledged = 1 WHERE is_in_flight = 1;

-- name: relations
SELECT id FROM context_object WHERE target = ?;

-- name: relations_of_accepted_due
-- They were left out while Sentinel refused the actor.
INSERT OR IGNORE INTO relation_due (object, account)
SELECT DISTINCT association.object, ?1
FROM context_object
    JOIN actor_group ON actor_group.actor = context_object.digest
    JOIN association ON association.group_id = actor_group.id
WHERE context_object.id = ?2;

-- name: count_live
INSERT INTO context_live (kind, count) VALUES (?1, ?2)
ON CONFLICT (kind) DO UPDATE SET count = count + ?2;

-- name: account
UPDATE context_account SET waiting = waiting + ?, sent = sent + ?, withdrawn = withdrawn + ?,
    refused = refused + ? WHERE id = ?;
