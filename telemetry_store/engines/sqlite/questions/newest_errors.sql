-- The newest errors of a window, with what they say.
{part span},
bad(timestamp, "table", agent, message) AS (
    {each error}
    SELECT * FROM (SELECT {time}, {name}, {agent}, {message} FROM span CROSS JOIN {errors}
                   WHERE {in_span} [[ AND {agent} = :agent ]] ORDER BY {time} DESC LIMIT 12)
    {end}
)
SELECT replace(substr(timestamp, 1, 19), 'T', ' ') AS time, "table", coalesce(agent, '') AS agent,
       substr(message, 1, 120) AS message
FROM bad ORDER BY timestamp DESC LIMIT 12
