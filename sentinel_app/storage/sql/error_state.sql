-- name: supersede_earlier
-- A later error repeats it: about an object from any query, about an Indicator from its own query.
UPDATE error SET state = 'superseded', state_at = ?1
WHERE state = 'open' AND about = ?2 AND indicator_id = ?3 AND object IS ?4 AND (
    object IS NOT NULL OR (SELECT query FROM error_kind WHERE error_kind.id = error.kind_id) IS (
        SELECT progress.query FROM job JOIN progress ON progress.job = job.id
        WHERE job.request_id = ?5
    )
);

-- name: close_accepted
-- The refused object was accepted; or the copy whose withdrawal was refused is back; or the object
-- is withdrawn and nobody has it any more.
UPDATE error SET state = CASE (about = 'withdrawal') WHEN new.is_revocation THEN 'resolved'
    ELSE 'superseded' END, state_at = ?
FROM outbox AS new
WHERE error.state = 'open' AND error.object = new.object AND (
    about = 'withdrawal' OR (is_revocation AND unconfirmed IS NULL)
    OR (NOT is_revocation AND error.indicator_id = new.indicator_id)
) AND new.id IN (?);

-- name: supersede_unfounded
-- There is no refusal any more: a better copy was chosen meanwhile, or the object was abandoned.
UPDATE error SET state = 'superseded', state_at = ?
WHERE state = 'open' AND object IS NOT NULL AND NOT CASE about
    WHEN 'object' THEN EXISTS (SELECT 1 FROM refusal
        WHERE refusal.object = error.object AND refusal.indicator_id = error.indicator_id)
    ELSE EXISTS (SELECT 1 FROM ledger
        WHERE ledger.id = error.object AND ledger.state = 1 AND withdrawals_refused > 0)
        OR EXISTS (SELECT 1 FROM unconfirmed
            WHERE unconfirmed.object = error.object AND attempts > 0)
END AND object IN (?);

-- name: open_objects
SELECT DISTINCT object FROM error WHERE state = 'open' AND object IS NOT NULL;

-- name: read_again
-- Unsendable Indicators of queries that the update has read to the end, with the Job that read
-- them.
SELECT error.id, error.indicator_id, progress.job, progress.is_delta
FROM error
    JOIN error_kind AS kind ON kind.id = error.kind_id
    JOIN progress ON progress.query = kind.query
    JOIN job ON job.id = progress.job
WHERE error.state = 'open' AND about = 'indicator' AND update_id = ? AND reading = 'complete'
    AND NOT is_stopped AND kind.request_id != job.request_id;

-- name: close
UPDATE error SET state = ?, state_at = ? WHERE id = ?;

-- name: resolve_of_query
-- A complete Job proves that the causes of earlier failures are gone.
UPDATE error SET state = 'resolved', state_at = ?
WHERE state = 'open' AND about = 'job' AND EXISTS (
    SELECT 1 FROM error_kind AS kind WHERE kind.id = kind_id
        AND (kind.query IS NULL OR kind.query = (SELECT id FROM query WHERE query_id = ?))
);

-- name: supersede_of_query
UPDATE error SET state = 'superseded', state_at = ?
WHERE state = 'open' AND about = 'job' AND EXISTS (
    SELECT 1 FROM error_kind AS kind WHERE kind.id = kind_id AND kind.request_id != ?
        AND kind.query = (SELECT id FROM query WHERE query_id = ?)
);

-- name: queries
SELECT DISTINCT query.id, query_id
FROM error JOIN error_kind AS kind ON kind.id = kind_id JOIN query ON query.id = kind.query
WHERE state = 'open' AND about != 'withdrawal';

-- name: supersede_removed
UPDATE error SET state = 'superseded', state_at = ?
WHERE state = 'open' AND about != 'withdrawal'
    AND (SELECT query FROM error_kind WHERE error_kind.id = error.kind_id) = ?;
