-- The newest errors with what they say.
WITH $span$names,
found(timestamp, "table", agent, message) AS (
    $arms
)
SELECT replace(substr(timestamp, 1, 19), 'T', ' ') AS time, "table", coalesce(agent, '') AS agent, substr(message, 1, 120) AS message
FROM found ORDER BY timestamp DESC LIMIT 12
