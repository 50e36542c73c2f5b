-- name: search
SELECT is_held_back, is_failed FROM search WHERE update_id = ?;

-- name: add_search
INSERT OR REPLACE INTO search (update_id, is_held_back, is_failed) VALUES (?, ?, ?);

-- name: forget_searches
DELETE FROM search WHERE update_id != ?;

-- name: searched
SELECT until FROM searched;

-- name: forget_searched
DELETE FROM searched;

-- name: add_searched
INSERT INTO searched (until) VALUES (?);

-- name: warn
UPDATE progress SET warning = coalesce(warning || ' ' || ?1, ?1, warning),
    held_back = coalesce(?2, held_back)
WHERE job = (SELECT job FROM progress WHERE update_id = ?3 ORDER BY position LIMIT 1);

-- name: close
UPDATE progress SET is_closed = 1 WHERE update_id = ?;

-- name: holders_by_digest
SELECT * FROM holder WHERE digest IN (?);

-- name: holders_by_summary
SELECT * FROM holder WHERE summary_digest IN (?);

-- name: holders_by_indicator
SELECT * FROM holder WHERE indicator_id IN (?);

-- name: files_that_share_hashes
-- Files with fewer live objects than hashes: each hash of the others leads to an object.
SELECT DISTINCT indicator_id, summary FROM (
    SELECT indicator_id FROM ledger LEFT JOIN orphan ON orphan.object = ledger.id
    WHERE state = 1 AND kind >= 100 AND owner = ?
    GROUP BY indicator_id HAVING count(*) - count(orphan.object) < max(siblings)
) JOIN ledger USING (indicator_id) JOIN content ON content.object = ledger.id
WHERE state = 1;

-- name: orphan_indicator
INSERT OR IGNORE INTO orphan (object) SELECT id FROM ledger WHERE indicator_id = ? AND state = 1;

-- name: orphaned
SELECT kind, summary, value
FROM orphan CROSS JOIN ledger ON ledger.id = orphan.object
    JOIN content ON content.object = ledger.id
WHERE state = 1 AND valid_until > ? AND withdrawals_refused <= ? AND late_for IS NOT ?;

-- name: count_unchosen
-- An object with a copy that Sentinel refuses is still wanted: it stays until it expires. So do
-- objects of disabled queries, as long as their copy exists. Objects of deleted queries are
-- withdrawn on request.
SELECT count(*) FROM ledger LEFT JOIN orphan ON orphan.object = ledger.id
WHERE state = 1 AND mark < :first_mark AND valid_until > :now AND withdrawals_refused <= :most_attempts
    AND late_for IS NOT :update_id AND NOT EXISTS (
        SELECT 1 FROM refusal WHERE refusal.object = ledger.id AND passed_over_by >= :first_mark
    ) AND (:are_orphans_meant AND orphan.object IS NOT NULL
        OR :are_all_meant AND query NOT IN (SELECT value FROM json_each(:kept))
        OR query IN (SELECT value FROM json_each(:withdrawn)));

-- name: count_unchosen_orphans
SELECT count(*) FROM orphan CROSS JOIN ledger ON ledger.id = orphan.object
WHERE state = 1 AND mark < :first_mark AND valid_until > :now AND withdrawals_refused <= :most_attempts
    AND late_for IS NOT :update_id AND NOT EXISTS (
        SELECT 1 FROM refusal WHERE refusal.object = ledger.id AND passed_over_by >= :first_mark
    );

-- name: next_unchosen
SELECT ledger.*, query.query_id, summary, value, body
FROM ledger
    LEFT JOIN orphan ON orphan.object = ledger.id
    JOIN content ON content.object = ledger.id
    JOIN query ON query.id = ledger.query
WHERE state = 1 AND mark < :first_mark AND valid_until > :now AND withdrawals_refused <= :most_attempts
    AND late_for IS NOT :update_id AND NOT EXISTS (
        SELECT 1 FROM refusal WHERE refusal.object = ledger.id AND passed_over_by >= :first_mark
    ) AND (:are_orphans_meant AND orphan.object IS NOT NULL
        OR :are_all_meant AND ledger.query NOT IN (SELECT value FROM json_each(:kept))
        OR ledger.query IN (SELECT value FROM json_each(:withdrawn)))
    AND ledger.id > :after
ORDER BY ledger.id LIMIT :limit;

-- name: next_unchosen_orphans
SELECT ledger.*, query.query_id, summary, value, body
FROM orphan
    CROSS JOIN ledger ON ledger.id = orphan.object
    JOIN content ON content.object = ledger.id
    JOIN query ON query.id = ledger.query
WHERE state = 1 AND mark < :first_mark AND valid_until > :now AND withdrawals_refused <= :most_attempts
    AND late_for IS NOT :update_id AND NOT EXISTS (
        SELECT 1 FROM refusal WHERE refusal.object = ledger.id AND passed_over_by >= :first_mark
    ) AND orphan.object > :after
ORDER BY orphan.object LIMIT :limit;

-- name: known_copies
WITH wanted AS (SELECT id, indicator_id FROM ledger WHERE digest IN (?))
SELECT indicator_id FROM wanted
UNION SELECT refusal.indicator_id FROM refusal JOIN wanted ON wanted.id = refusal.object;

-- name: held_by
SELECT DISTINCT indicator_id FROM ledger JOIN query ON query.id = ledger.query
WHERE query.query_id = ? AND indicator_id IN (?);

-- name: found
SELECT digest FROM found JOIN progress ON progress.job = found.job WHERE update_id = ?;

-- name: present
SELECT digest FROM ledger
WHERE (mark >= ? OR (state = 1 AND valid_until > ?)) AND digest IN (?);

-- name: live_of
SELECT ledger.*, query.query_id, summary, value, body
FROM ledger
    JOIN content ON content.object = ledger.id
    JOIN query ON query.id = ledger.query
WHERE state = 1 AND mark < ? AND valid_until > ? AND digest IN (?);

-- name: unconfirmed
SELECT unconfirmed.*, query.query_id, ledger.siblings
FROM unconfirmed JOIN query ON query.id = unconfirmed.query
    JOIN ledger ON ledger.id = unconfirmed.object
WHERE unconfirmed.mark < ? AND attempts <= ?;

-- name: known_job
SELECT next_place, is_stopped FROM progress WHERE job = ?;

-- name: choose
UPDATE ledger SET mark = ?, outbox = ? WHERE id = ?;

-- name: repeat
UPDATE unconfirmed SET mark = ? WHERE id = ?;

-- name: added
UPDATE progress SET objects = objects + ?, next_place = next_place + ? WHERE job = ?;

-- name: with_several_objects
SELECT indicator_id FROM ledger WHERE indicator_id IN (?)
GROUP BY indicator_id HAVING count(*) > 1;
