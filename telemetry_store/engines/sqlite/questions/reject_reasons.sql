-- The most frequent reasons for which events were rejected, by table.
SELECT substr(reason, 1, 80) AS reason, "table", count(*) AS rejects
FROM _rejects GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 15
