-- The interval at which each agent usually beats: the mean of its last 50 in the window.
recent(agent, first, last, fiftieth, beats) AS (
    $arms
),
usual(agent, first, last, seconds) AS MATERIALIZED (
    SELECT agent, min(first), max(last),
           min(86400.0 * (julianday(last) - julianday(coalesce(fiftieth, first))) / (iif(fiftieth IS NULL, beats, 50) - 1))
    FROM recent WHERE beats > 1 GROUP BY 1
)
