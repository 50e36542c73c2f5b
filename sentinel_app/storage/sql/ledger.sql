-- name: rows
SELECT ledger.id, digest, kind, state, ledger.generation, ledger.query, ledger.job, ledger.owner,
    ledger.indicator_id, ledger.siblings, ledger.created, ledger.modified, ledger.valid_until,
    ledger.source_modified, ledger.content_hash, ledger.fingerprint, mark, outbox,
    outbox.indicator_id, outbox.source_modified, outbox.created, outbox.modified,
    refusal.job, refusal.indicator_id, refusal.source_modified, refusal.content_hash,
    refusal.attempts, orphan.attempts, orphan.late_for
FROM ledger
    LEFT JOIN outbox ON outbox.id = ledger.outbox
    LEFT JOIN refusal ON refusal.object = ledger.id
    LEFT JOIN orphan ON orphan.object = ledger.id

-- name: taken_up
SELECT indicator_id FROM taken_up WHERE job = ? AND indicator_id

-- name: with_outcome_row
SELECT indicator_id FROM outcome WHERE job = ? AND indicator_id

-- name: live
SELECT coalesce(sum(count), 0) FROM live_count WHERE hour >= ?

-- name: live_by_query
SELECT query.query_id, kind, sum(count) AS count
FROM live_count JOIN query ON query.id = live_count.query
WHERE hour >= ? GROUP BY query.query_id, kind HAVING sum(count) > 0

-- name: live_sources
SELECT DISTINCT owner.name, kind
FROM live_count JOIN owner ON owner.id = live_count.owner
WHERE hour >= ? AND count > 0

-- name: records
SELECT ledger.id, kind, state, generation, query.query_id, job.request_id, indicator_id, owner.name AS owner_name,
    summary, value, created, modified, valid_until, body
FROM ledger
    JOIN content ON content.object = ledger.id
    JOIN query ON query.id = ledger.query
    JOIN job ON job.id = ledger.job
    JOIN owner ON owner.id = ledger.owner
WHERE state > 0 AND

-- name: refused
SELECT digest, query.query_id, refusal.indicator_id, attempts
FROM refusal JOIN ledger ON ledger.id = refusal.object JOIN query ON query.id = refusal.query
WHERE digest

-- name: last_error
SELECT request_id, at, code, reason FROM error WHERE indicator_id = ? ORDER BY id DESC LIMIT 1
