-- Errors in each minute, hour or day, by table.
WITH $span$names,
found("table", start) AS (
    $arms
)
SELECT "table", start || 'Z' AS start, strftime('%Y-%m-%dT%H:%M:%SZ', start, unit) AS finish, count(*) AS errors
FROM found, span WHERE start IS NOT NULL GROUP BY 1, 2
