-- name: is_stopped
SELECT is_stopped FROM progress WHERE job = ?;

-- name: stopped_jobs
SELECT job FROM progress WHERE is_stopped;
