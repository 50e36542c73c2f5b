-- name: of_objects
SELECT object, owner, generation, tlp FROM associated WHERE object IN (?);

-- name: groups_of
SELECT object, group_id FROM association WHERE object IN (?);

-- name: forget
DELETE FROM associated WHERE object = ?;

-- name: set
INSERT OR REPLACE INTO associated (object, owner, generation, tlp) VALUES (?, ?, ?, ?);

-- name: dissociate
DELETE FROM association WHERE object = ? AND group_id = ?;

-- name: associate
INSERT OR IGNORE INTO association (object, group_id) VALUES (?, ?);

-- name: add_due
INSERT OR REPLACE INTO relation_due (object, account) VALUES (?, ?);

-- name: open_account
INSERT OR IGNORE INTO context_account (request_id) SELECT request_id FROM job WHERE id = ?;

-- name: account
SELECT context_account.id FROM job JOIN context_account USING (request_id) WHERE job.id = ?;
