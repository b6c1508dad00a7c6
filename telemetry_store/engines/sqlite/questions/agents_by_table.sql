-- The busiest agents of a window, by table.
{part span},
counted(agent, "table", events) AS (
    {each agent}
    SELECT name, {name}, (SELECT count(*) FROM {here} WHERE {agent} = names.name AND {in_span})
    FROM {agents} AS names, span WHERE name IS NOT NULL [[ AND name = :agent ]]
    {end}
),
busiest(agent, total) AS (
    SELECT agent, sum(events) FROM counted GROUP BY 1 HAVING sum(events) > 0 ORDER BY 2 DESC LIMIT 20
)
SELECT agent, "table", events, total FROM counted JOIN busiest USING (agent) WHERE events > 0 ORDER BY total DESC
