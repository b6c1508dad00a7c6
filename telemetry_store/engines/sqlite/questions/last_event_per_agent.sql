-- When each agent was last heard of, and in which table; the most silent first.
-- param since: time = 30d -- from when on
SELECT agent_id, max(timestamp) AS last, "table", event_type, count(*) AS events
FROM {events timestamp, table, agent_id!, event_type}
WHERE timestamp >= :since AND agent_id IS NOT NULL
GROUP BY agent_id ORDER BY last
