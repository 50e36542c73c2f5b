-- name: add
INSERT OR IGNORE INTO taken_up (job, indicator_id) VALUES (?, ?);

-- name: page_ids
SELECT ids FROM page_ids WHERE job = ?;

-- name: taken_up
SELECT indicator_id FROM taken_up WHERE job = ? AND indicator_id IN (?);
