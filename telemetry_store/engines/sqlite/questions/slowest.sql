-- The events that took longest.
-- param field: field = duration_ms -- the column that says how long
-- param since: time = 7d -- from when on
-- param limit: number = 20 -- how many
SELECT "{field}", timestamp, "table", id, agent_id, event_type
FROM {events timestamp, table, id, agent_id, event_type, {field}!}
WHERE timestamp >= :since AND "{field}" IS NOT NULL
ORDER BY "{field}" DESC LIMIT :limit
