-- name: held
SELECT indicator_id, id, fingerprint, siblings, query, mark, source_modified, valid_until, kind,
    state = 1 AND outbox IS NULL AND withdrawals_refused = 0
    AND NOT EXISTS (SELECT 1 FROM refusal WHERE object = ledger.id)
    AND NOT EXISTS (SELECT 1 FROM orphan WHERE object = ledger.id) AS is_settled
FROM ledger WHERE indicator_id IN (?);

-- name: by_indicator
SELECT * FROM known_object WHERE indicator_id IN (?);

-- name: by_digest
SELECT * FROM known_object WHERE digest IN (?);

-- name: refusals
SELECT object, query, indicator_id, content_hash, attempts FROM refusal WHERE indicator_id IN (?);

-- name: taken_up
SELECT indicator_id FROM taken_up WHERE job = ? AND indicator_id IN (?);

-- name: dismissed
SELECT object FROM dismissed WHERE job = ? AND object IN (?);

-- name: with_outcome_row
SELECT indicator_id FROM outcome WHERE job = ? AND indicator_id IN (?);

-- name: live
SELECT coalesce(sum(count), 0) FROM live_count WHERE hour >= ?;

-- name: live_by_query
SELECT query.query_id, kind, sum(count) AS count
FROM live_count JOIN query ON query.id = live_count.query
WHERE hour >= ? GROUP BY query.query_id, kind HAVING sum(count) > 0;

-- name: live_until
SELECT query.query_id, sum(count) AS count, max(hour) FILTER (WHERE count > 0) AS hour
FROM live_count JOIN query ON query.id = live_count.query
WHERE hour >= ? GROUP BY query.query_id HAVING sum(count) > 0;

-- name: live_sources
SELECT DISTINCT owner.name, kind
FROM live_count JOIN owner ON owner.id = live_count.owner
WHERE hour >= ? AND count > 0;

-- name: records_by_digest
SELECT * FROM record WHERE digest IN (?);

-- name: records_by_summary
SELECT * FROM record WHERE summary_digest IN (?);

-- name: records_by_indicator
SELECT * FROM record WHERE indicator_id IN (?);

-- name: refused
SELECT digest, query.query_id, refusal.indicator_id, attempts
FROM refusal JOIN ledger ON ledger.id = refusal.object JOIN query ON query.id = refusal.query
WHERE digest IN (?);

-- name: last_error
SELECT request_id, at, code, reason FROM error WHERE indicator_id = ? ORDER BY id DESC LIMIT 1;
