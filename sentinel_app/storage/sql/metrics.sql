-- name: mark_measured
-- A Job is counted once, however often its end is stored.
UPDATE progress SET is_measured = 1
WHERE job IN (SELECT id FROM job WHERE request_id = ?) AND NOT is_measured;

-- name: add
INSERT INTO metric (
    hour, jobs, jobs_failed, read, sent, unchanged, duplicate, withheld, expired, unsupported,
    invalid, refused, withdrawn, failed, objects, requests, throttled, throttled_s
) VALUES (
    :hour, :jobs, :jobs_failed, :read, :sent, :unchanged, :duplicate, :withheld, :expired,
    :unsupported, :invalid, :refused, :withdrawn, :failed, :objects, :requests, :throttled,
    :throttled_s
)
ON CONFLICT (hour) DO UPDATE SET
    jobs = jobs + excluded.jobs,
    jobs_failed = jobs_failed + excluded.jobs_failed,
    read = read + excluded.read,
    sent = sent + excluded.sent,
    unchanged = unchanged + excluded.unchanged,
    duplicate = duplicate + excluded.duplicate,
    withheld = withheld + excluded.withheld,
    expired = expired + excluded.expired,
    unsupported = unsupported + excluded.unsupported,
    invalid = invalid + excluded.invalid,
    refused = refused + excluded.refused,
    withdrawn = withdrawn + excluded.withdrawn,
    failed = failed + excluded.failed,
    objects = objects + excluded.objects,
    requests = requests + excluded.requests,
    throttled = throttled + excluded.throttled,
    throttled_s = throttled_s + excluded.throttled_s;

-- name: hours
-- The row without an hour is the sum of the hours that were removed.
SELECT * FROM metric WHERE hour >= ? AND hour < ? AND hour != '' ORDER BY hour;

-- name: sum_before
-- Without an hour, the sum of all hours.
SELECT
    coalesce(sum(jobs), 0) AS jobs,
    coalesce(sum(jobs_failed), 0) AS jobs_failed,
    coalesce(sum(read), 0) AS read,
    coalesce(sum(sent), 0) AS sent,
    coalesce(sum(unchanged), 0) AS unchanged,
    coalesce(sum(duplicate), 0) AS duplicate,
    coalesce(sum(withheld), 0) AS withheld,
    coalesce(sum(expired), 0) AS expired,
    coalesce(sum(unsupported), 0) AS unsupported,
    coalesce(sum(invalid), 0) AS invalid,
    coalesce(sum(refused), 0) AS refused,
    coalesce(sum(withdrawn), 0) AS withdrawn,
    coalesce(sum(failed), 0) AS failed,
    coalesce(sum(objects), 0) AS objects,
    coalesce(sum(requests), 0) AS requests,
    coalesce(sum(throttled), 0) AS throttled,
    coalesce(sum(throttled_s), 0.0) AS throttled_s
FROM metric
WHERE :hour IS NULL OR (hour < :hour AND hour != '');

-- name: remove_before
DELETE FROM metric WHERE hour < ? AND hour != '';
