-- name: unread
-- Groups of the next Indicators whose relationships are due that have not been read as yet.
SELECT DISTINCT group_id FROM association
WHERE object IN (SELECT object FROM relation_due WHERE object > ? ORDER BY object LIMIT ?)
    AND NOT EXISTS (SELECT 1 FROM actor_group WHERE actor_group.id = group_id)
ORDER BY group_id;

-- name: next_known
SELECT id FROM actor_group WHERE id > ? ORDER BY id LIMIT ?;

-- name: next_stored
SELECT * FROM actor_group WHERE id > ? ORDER BY id LIMIT ?;

-- name: actor_object
SELECT id FROM context_object WHERE digest = ?;

-- name: waiting_relations
SELECT context_object.id
FROM context_outbox CROSS JOIN context_object ON context_object.id = context_outbox.object
WHERE target = (SELECT id FROM context_object WHERE digest = ?);

-- name: relations_of_actor_due
INSERT OR IGNORE INTO relation_due (object, account)
SELECT source, (SELECT account FROM context_state) FROM context_object
WHERE target = (SELECT id FROM context_object WHERE digest = ?) AND is_wanted = 1;

-- name: known
SELECT id FROM actor_group WHERE id IN (?);

-- name: stored
SELECT id, actor, body FROM actor_group WHERE id IN (?);

-- name: store
INSERT OR REPLACE INTO actor_group (id, actor, modified, read, body) VALUES (?, ?, ?, ?, ?);

-- name: seen
UPDATE actor_group SET read = ? WHERE id = ?;

-- name: relations_due
INSERT OR IGNORE INTO relation_due (object, account)
SELECT object, (SELECT account FROM context_state) FROM association WHERE group_id = ?;

-- name: actor_due
INSERT OR IGNORE INTO actor_due (actor, account) SELECT ?, account FROM context_state;

-- name: forget_unassociated
DELETE FROM actor_group WHERE id > ?1 AND id <= ?2
    AND NOT EXISTS (SELECT 1 FROM association WHERE group_id = actor_group.id);

-- name: forgotten_actors
SELECT DISTINCT actor FROM actor_group WHERE id > ?1 AND id <= ?2 AND actor IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM association WHERE group_id = actor_group.id);

-- name: members
SELECT body FROM actor_group WHERE actor = ? AND body IS NOT NULL ORDER BY id;

-- name: state
SELECT read_until_group, changed_since FROM context_state;

-- name: read_until
UPDATE context_state SET read_until_group = ?;

-- name: changed_since
UPDATE context_state SET changed_since = ?;
