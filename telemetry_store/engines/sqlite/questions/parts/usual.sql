-- The interval at which each agent usually beats: the mean of its last 50 in the window.
recent(agent, first, last, fiftieth, beats) AS (
    {each heartbeat}
    SELECT name, (SELECT min({time}) FROM {here} WHERE {agent} = names.name AND {in_span}),
           (SELECT max({time}) FROM {here} WHERE {agent} = names.name AND {in_span}),
           (SELECT {time} FROM {here} WHERE {agent} = names.name AND {in_span} ORDER BY {time} DESC LIMIT 1 OFFSET 49),
           (SELECT count(*) FROM (SELECT 1 FROM {here} WHERE {agent} = names.name AND {in_span} LIMIT 50))
    FROM {agents} AS names, span WHERE name IS NOT NULL [[ AND name = :agent ]]
    {end}
),
usual(agent, first, last, seconds) AS MATERIALIZED (
    SELECT agent, min(first), max(last),
           min(86400.0 * (julianday(last) - julianday(coalesce(fiftieth, first))) / (iif(fiftieth IS NULL, beats, 50) - 1))
    FROM recent WHERE beats > 1 GROUP BY 1
)
