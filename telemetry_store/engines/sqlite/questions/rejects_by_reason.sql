-- What could not be stored, by table and reason.
-- param limit: number = 50 -- how many reasons
SELECT "table", reason, count(*) AS events, min(rejected_at) AS first, max(rejected_at) AS last,
       min(source) AS such_as
FROM _rejects GROUP BY 1, 2 ORDER BY events DESC LIMIT :limit
