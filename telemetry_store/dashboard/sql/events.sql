-- Events in each minute, hour or day, by table: one range of an index for each.
WITH $span,
buckets(start, finish) AS (
    SELECT strftime(shown, lo), strftime('%Y-%m-%dT%H:%M:%S', strftime(shown, lo), unit) FROM span
    UNION ALL
    SELECT finish, strftime('%Y-%m-%dT%H:%M:%S', finish, unit) FROM buckets, span WHERE finish <= hi LIMIT 5000
),
counted("table", start, finish, events) AS (
    $arms
)
SELECT "table", start || 'Z' AS start, finish || 'Z' AS finish, events FROM counted WHERE events > 0
