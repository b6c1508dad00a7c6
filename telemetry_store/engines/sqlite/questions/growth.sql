-- How many events each table gained on each day.
-- param since: time = 7d -- from when on
SELECT substr(timestamp, 1, 10) AS day, "table", count(*) AS events
FROM {events timestamp, table}
WHERE timestamp >= :since
GROUP BY 1, 2 ORDER BY 1 DESC, 3 DESC
