-- name: outcome_row
SELECT base, waiting, unchanged, sent, withdrawn, failed, refused
FROM outcome WHERE job = ? AND indicator_id = ?;

-- name: store_outcome_row
INSERT OR REPLACE INTO outcome
    (job, indicator_id, base, waiting, unchanged, sent, withdrawn, failed, refused)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: count_live
INSERT INTO live_count (query, owner, kind, hour, count) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (query, owner, kind, hour) DO UPDATE SET count = count + excluded.count;

-- name: forget_empty
DELETE FROM live_count WHERE query = ? AND owner = ? AND kind = ? AND hour = ? AND count = 0;
