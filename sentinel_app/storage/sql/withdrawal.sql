-- name: count
-- As `count_unchosen` of `orphans.sql`, which says why.
SELECT count(*) FROM ledger LEFT JOIN orphan ON orphan.object = ledger.id
WHERE state = 1 AND mark < :first_mark AND valid_until > :now AND withdrawals_refused <= :most_attempts
    AND late_for IS NOT :update_id AND NOT EXISTS (
        SELECT 1 FROM refusal WHERE refusal.object = ledger.id AND passed_over_by >= :first_mark
    ) AND (:are_orphans_meant AND orphan.object IS NOT NULL
        OR :are_all_meant AND ledger.query NOT IN (SELECT value FROM json_each(:kept))
        OR ledger.query IN (SELECT value FROM json_each(:withdrawn)));

-- name: page
SELECT ledger.kind, ledger.indicator_id, ledger.valid_until, query.query_id, owner.name AS owner,
    content.summary, content.value
FROM ledger LEFT JOIN orphan ON orphan.object = ledger.id
    JOIN content ON content.object = ledger.id
    JOIN query ON query.id = ledger.query
    JOIN owner ON owner.id = ledger.owner
WHERE state = 1 AND mark < :first_mark AND valid_until > :now AND withdrawals_refused <= :most_attempts
    AND late_for IS NOT :update_id AND NOT EXISTS (
        SELECT 1 FROM refusal WHERE refusal.object = ledger.id AND passed_over_by >= :first_mark
    ) AND (:are_orphans_meant AND orphan.object IS NOT NULL
        OR :are_all_meant AND ledger.query NOT IN (SELECT value FROM json_each(:kept))
        OR ledger.query IN (SELECT value FROM json_each(:withdrawn)))
ORDER BY ledger.id LIMIT :limit OFFSET :offset;
