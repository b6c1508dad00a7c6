-- The busiest agents of the window, by table.
WITH $span$names,
counted(agent, "table", events) AS (
    $arms
),
busiest(agent, total) AS (
    SELECT agent, sum(events) FROM counted GROUP BY 1 HAVING sum(events) > 0 ORDER BY 2 DESC LIMIT 20
)
SELECT agent, "table", events, total FROM counted JOIN busiest USING (agent) WHERE events > 0 ORDER BY total DESC
