-- name: objects
-- What was sent, with what is kept of its Indicator.
SELECT ledger.id, kind, indicator_id, query, owner, summary, body
FROM ledger JOIN content ON content.object = ledger.id
WHERE state > 0 AND ledger.id IN (?);

-- name: add_alert
INSERT INTO alert (alert_id, name, severity, product, link, started, ended)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (alert_id) DO UPDATE SET
    name = excluded.name, severity = excluded.severity, product = excluded.product,
    link = excluded.link, started = excluded.started, ended = excluded.ended
RETURNING id;

-- name: set_time
UPDATE match SET at = ? WHERE alert = ?;

-- name: known
SELECT object FROM match WHERE alert = ?;

-- name: add_match
INSERT INTO match (alert, object, indicator_id, query, is_exact, at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (alert, object) DO UPDATE SET is_exact = max(is_exact, excluded.is_exact)
RETURNING indicator_id;

-- name: add_matched
INSERT OR REPLACE INTO matched (indicator_id, indicator_type, owner, summary, web_link)
VALUES (?, ?, ?, ?, ?);

-- name: remove_excess
DELETE FROM match WHERE (alert, object) IN (
    SELECT alert, object FROM match
    ORDER BY at LIMIT max(0, (SELECT count(*) FROM match) - ?)
);

-- name: remove_before
DELETE FROM match WHERE (alert, object) IN (
    SELECT alert, object FROM match WHERE at < ? ORDER BY at LIMIT ?
);

-- name: forget_alerts
DELETE FROM alert WHERE NOT EXISTS (SELECT 1 FROM match WHERE match.alert = alert.id);

-- name: forget_matched
DELETE FROM matched
WHERE NOT EXISTS (SELECT 1 FROM match WHERE match.indicator_id = matched.indicator_id);

-- name: run
SELECT * FROM match_run;

-- name: begin_run
UPDATE match_run SET began = ?;

-- name: move
UPDATE match_run SET until = ?;

-- name: end_run
UPDATE match_run SET
    ended = :at,
    completed = CASE WHEN :code IS NULL THEN :at ELSE completed END,
    seen = CASE WHEN :alerts > 0 THEN :at ELSE seen END,
    outcome = :outcome, alerts = :alerts, unreadable = :unreadable, added = :added,
    code = :code, message = :message, reason = :reason;

-- name: counts
SELECT count(DISTINCT indicator_id) AS indicators,
    count(DISTINCT CASE WHEN is_exact THEN indicator_id END) AS exact,
    count(DISTINCT alert) AS alerts
FROM match WHERE at >= ?;

-- name: by_query
SELECT query.query_id AS name, count(DISTINCT indicator_id) AS count
FROM match JOIN query ON query.id = match.query
WHERE at >= ? GROUP BY match.query;

-- name: by_owner
SELECT owner.name, count(*) AS count
FROM (SELECT DISTINCT indicator_id FROM match WHERE at >= ?) AS found
    JOIN matched ON matched.indicator_id = found.indicator_id
    JOIN owner ON owner.id = matched.owner
GROUP BY matched.owner;

-- name: of_objects
SELECT alert.*, max(is_exact) AS is_exact
FROM match JOIN alert ON alert.id = match.alert
WHERE match.object IN (SELECT value FROM json_each(?))
GROUP BY alert.id ORDER BY alert.ended DESC, alert.id DESC LIMIT ?;

-- name: count_of_objects
SELECT count(DISTINCT alert) FROM match WHERE object IN (SELECT value FROM json_each(?));
