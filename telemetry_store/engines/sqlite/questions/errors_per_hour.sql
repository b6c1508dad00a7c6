-- How many errors there were in each hour, newest first.
-- param since: time = 7d -- from when on
SELECT substr(timestamp, 1, 13) || ':00' AS hour, count(*) AS errors, count(DISTINCT "table") AS tables
FROM {events timestamp, table, is_error!}
WHERE timestamp >= :since AND is_error
GROUP BY 1 ORDER BY 1 DESC
