-- name: state
SELECT * FROM context_state;

-- name: begin_round
UPDATE context_state SET is_due = 0, ended = NULL;

-- name: end_round
UPDATE context_state SET ended = ? WHERE NOT is_due AND NOT is_whole;

-- name: update_ended
UPDATE context_state SET is_due = 1, is_whole = is_whole OR ?2,
    account = (SELECT id FROM context_account WHERE request_id = ?1),
    read_until_group = CASE WHEN ?2 THEN 0 ELSE read_until_group END;

-- name: open_account
INSERT OR IGNORE INTO context_account (request_id) VALUES (?);

-- name: request_round
UPDATE context_state SET is_due = 1;

-- name: allow
UPDATE context_state SET allowed = ?, is_whole = 1, is_due = 1;

-- name: end_withdrawal
UPDATE context_state SET is_whole = 0, held_back = ?, allowed = NULL;

-- name: refused_actors_due
INSERT OR IGNORE INTO actor_due (actor, account)
SELECT digest, (SELECT account FROM context_state) FROM context_object
WHERE refused_hash IS NOT NULL AND kind = 1 AND attempts <= ?;

-- name: refused_relations_due
INSERT OR IGNORE INTO relation_due (object, account)
SELECT source, (SELECT account FROM context_state) FROM context_object
WHERE refused_hash IS NOT NULL AND kind = 2 AND attempts <= ? AND is_wanted = 1;

-- name: forgive_refused
UPDATE context_object SET attempts = 1 WHERE refused_hash IS NOT NULL AND attempts > 1;

-- name: send_again
-- It differs from whatever is wanted, and nobody knows whether Sentinel has it.
UPDATE context_object SET content_hash = x'', accepted = NULL, attempts = min(attempts, 1)
WHERE state = 1 AND id IN (?);

-- name: withdrawn_there
-- Indicators keep naming an identity, so that it keeps its id.
UPDATE context_object SET state = 2 WHERE state = 1 AND kind > 0 AND id IN (?) RETURNING kind;

-- name: count_live
UPDATE context_live SET count = count + ? WHERE kind = ?;

-- name: actors_to_send_again_due
INSERT OR IGNORE INTO actor_due (actor, account)
SELECT digest, (SELECT account FROM context_state) FROM context_object
WHERE kind = 1 AND id IN (?);

-- name: relations_to_send_again_due
INSERT OR IGNORE INTO relation_due (object, account)
SELECT source, (SELECT account FROM context_state) FROM context_object
WHERE kind = 2 AND id IN (?);

-- name: waiting_of_kinds
SELECT object FROM context_outbox WHERE kind IN (?) AND is_in_flight = 0 AND NOT is_revocation
LIMIT 500;

-- name: set_kinds
UPDATE context_state SET kinds = ?;

-- name: last_associated
SELECT coalesce(max(object), 0) FROM associated;

-- name: associated_due
INSERT OR IGNORE INTO relation_due (object, account)
SELECT object, (SELECT account FROM context_state) FROM associated WHERE object > ? AND object <= ?;

-- name: not_wanted
UPDATE context_object SET is_wanted = 0
WHERE id > ?1 AND id <= ?2 AND kind IN (?3, ?4, ?5) AND kind > 0 AND is_wanted = 1;

-- name: forget_new
DELETE FROM context_object WHERE id > ?1 AND id <= ?2 AND kind IN (?3, ?4, ?5) AND state = 0
    AND NOT EXISTS (SELECT 1 FROM context_outbox WHERE object = context_object.id);

-- name: last_object
SELECT coalesce(max(id), 0) FROM context_object;

-- name: unrelated_actors
-- Those that no Indicator is related to that Sentinel holds. The second condition on the kind is that
-- of the index, without which all relationships would be read.
UPDATE context_object SET is_wanted = 0 WHERE kind = 1 AND kind < 2 AND is_wanted = 1 AND NOT EXISTS (
    SELECT 1 FROM context_object AS relation JOIN ledger ON ledger.id = relation.source
    WHERE relation.target = context_object.id AND relation.is_wanted = 1 AND ledger.state = 1
);

-- name: is_anything_due
-- The join is a CROSS JOIN so that it begins with the few that are due.
SELECT EXISTS (SELECT 1 FROM actor_due) OR EXISTS (
    SELECT 1 FROM relation_due CROSS JOIN ledger ON ledger.id = relation_due.object
    WHERE ledger.state = 1);

-- name: unwanted
SELECT context_object.*, context_outbox.object IS NOT NULL AS is_queued
FROM context_object LEFT JOIN context_outbox ON context_outbox.object = context_object.id
WHERE is_wanted = 0 AND state = 1 AND context_object.id > ?1 ORDER BY context_object.id LIMIT ?2;

-- name: count_unwanted
SELECT count(*) FROM context_object WHERE is_wanted = 0 AND state = 1 AND attempts <= ?
    AND NOT EXISTS (SELECT 1 FROM context_outbox WHERE object = context_object.id);

-- name: queue_withdrawal
INSERT INTO context_outbox (object, kind, account, is_revocation, created, modified,
    content_hash, size, body)
VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?);

-- name: add_waiting
UPDATE context_account SET waiting = waiting + ? WHERE id = ?;

-- name: live
SELECT kind, count FROM context_live;

-- name: waiting
SELECT coalesce(sum(waiting), 0) FROM context_account;

-- name: due
SELECT count(*) FROM relation_due;

-- name: refused
SELECT count(*) FROM context_object WHERE refused_hash IS NOT NULL;

-- name: all_unwanted
SELECT count(*) FROM context_object WHERE is_wanted = 0 AND state = 1;

-- name: accounts
SELECT request_id, waiting, sent, withdrawn, refused, left_out FROM context_account
WHERE waiting + sent + withdrawn + refused + left_out > 0 AND request_id IN (?);

-- name: account_ids
SELECT request_id FROM context_account
WHERE waiting = 0 AND id NOT IN (SELECT account FROM context_state);

-- name: forget_account
DELETE FROM context_account WHERE request_id = ? AND waiting = 0
    AND id NOT IN (SELECT account FROM relation_due)
    AND id NOT IN (SELECT account FROM actor_due);
