-- name: count_related
SELECT target, count(*) AS count FROM context_object
WHERE target IN (?) AND is_wanted = 1 GROUP BY target;

-- name: related
SELECT relation.*, context_outbox.object IS NOT NULL AS is_queued,
    ledger.indicator_id, ledger.kind AS indicator_kind, owner.name AS owner_name, summary, value,
    content.body AS indicator_body
FROM context_object AS relation
    JOIN ledger ON ledger.id = relation.source
    JOIN content ON content.object = ledger.id
    JOIN owner ON owner.id = ledger.owner
    LEFT JOIN context_outbox ON context_outbox.object = relation.id
WHERE relation.target = ? AND relation.is_wanted = 1
ORDER BY relation.id LIMIT ? OFFSET ?;

-- name: count_refused
SELECT count(*) FROM context_object WHERE refused_hash IS NOT NULL;

-- name: refused
SELECT refused.*, actor.name AS actor_name, content.summary
FROM context_object AS refused
    LEFT JOIN context_object AS actor ON actor.id = refused.target
    LEFT JOIN content ON content.object = refused.source
WHERE refused.refused_hash IS NOT NULL ORDER BY refused.id LIMIT ? OFFSET ?;

-- name: actors_of
SELECT DISTINCT target FROM context_object WHERE source IN (?) AND is_wanted = 1;

-- name: due_sample
-- Each has at most so many relationships.
SELECT coalesce(sum(min(?2, (SELECT count(*) FROM association WHERE object = due.object))), 0),
    count(*)
FROM (SELECT object FROM relation_due LIMIT ?1) AS due;

-- name: withdrawal
SELECT held_back, allowed FROM context_state;
