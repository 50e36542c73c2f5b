-- name: by_digest
SELECT * FROM holding WHERE digest IN (?);

-- name: by_indicator
SELECT * FROM holding WHERE indicator_id IN (?);

-- name: by_summary
SELECT * FROM holding WHERE summary_digest IN (?);

-- name: by_container
-- Some contents of each container; json_each, as each has a limit of its own.
SELECT wanted.value AS wanted, holding.*
FROM json_each(?) AS wanted
    JOIN holding ON holding.id IN (
        SELECT ledger.id FROM ledger
        WHERE ledger.container = wanted.value AND state = 1 AND valid_until > ? LIMIT ?
    );

-- name: values
SELECT ledger.id, kind, summary, value
FROM ledger JOIN content ON content.object = ledger.id
WHERE ledger.id IN (?);

-- name: came_back
SELECT ledger.id, digest, kind, generation, summary, value
FROM ledger JOIN content ON content.object = ledger.id
WHERE generation > 0 LIMIT ?;

-- name: live_kinds
SELECT DISTINCT kind FROM live_count WHERE hour >= ? AND count > 0;

-- name: refused
SELECT digest, query.query_id, refusal.indicator_id, attempts
FROM refusal JOIN ledger ON ledger.id = refusal.object JOIN query ON query.id = refusal.query
WHERE digest IN (?);

-- name: last_errors
SELECT indicator_id, reason FROM error
WHERE id IN (SELECT max(id) FROM error WHERE indicator_id IN (?) GROUP BY indicator_id);
