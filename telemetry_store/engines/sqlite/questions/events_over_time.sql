-- Events in each second, minute, hour or day of a window, by table.
{part span},
buckets(start, finish) AS (
    SELECT strftime(shown, lo), strftime('%Y-%m-%dT%H:%M:%S', strftime(shown, lo), unit) FROM span
    UNION ALL
    SELECT finish, strftime('%Y-%m-%dT%H:%M:%S', finish, unit) FROM buckets, span WHERE finish <= hi LIMIT 5000
),
-- One range of an index for each bucket; the newest event belongs to the window, hence what comes after `hi`.
counted("table", start, finish, events) AS (
    {each}
    SELECT {name}, buckets.start, buckets.finish,
           (SELECT count(*) FROM {here} WHERE {time} >= {moment max(buckets.start, span.lo)}
            AND {time} < {moment min(buckets.finish, span.hi || '~')} [[ AND {agent} = :agent ]])
    FROM buckets, span
    {end}
)
SELECT "table", start || 'Z' AS start, finish || 'Z' AS finish, events FROM counted WHERE events > 0
