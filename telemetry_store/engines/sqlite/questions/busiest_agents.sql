-- Which agents did most.
-- param since: time = 1d -- from when on
-- param limit: number = 20 -- how many agents
SELECT agent_id, count(*) AS events, count(DISTINCT "table") AS tables, max(timestamp) AS last
FROM {events timestamp, table, agent_id!}
WHERE timestamp >= :since AND agent_id IS NOT NULL
GROUP BY agent_id ORDER BY events DESC LIMIT :limit
