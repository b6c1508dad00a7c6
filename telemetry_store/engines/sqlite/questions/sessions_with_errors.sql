-- Sessions in which something went wrong, newest first.
-- param since: time = 7d -- from when on
-- param limit: number = 50 -- how many sessions
SELECT session_id, sum(is_error) AS errors, count(*) AS events, min(timestamp) AS first, max(timestamp) AS last
FROM {events timestamp, session_id!, is_error}
WHERE timestamp >= :since AND session_id IS NOT NULL
GROUP BY session_id HAVING sum(is_error) > 0 ORDER BY last DESC LIMIT :limit
