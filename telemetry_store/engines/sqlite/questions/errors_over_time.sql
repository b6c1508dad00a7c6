-- Errors in each second, minute, hour or day of a window, by table.
{part span},
bad("table", start) AS (
    {each error}
    SELECT {name}, strftime(span.shown, {time}) FROM span CROSS JOIN {errors} WHERE {in_span} [[ AND {agent} = :agent ]]
    {end}
)
SELECT "table", start || 'Z' AS start, strftime('%Y-%m-%dT%H:%M:%SZ', start, unit) AS finish, count(*) AS errors
FROM bad, span WHERE start IS NOT NULL GROUP BY 1, 2
