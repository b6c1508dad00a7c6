-- Where an agent was silent for longer than so many seconds.
-- param table: table = daemon_heartbeat -- the table of heartbeats
-- param field: field = agent_id -- who sends them
-- param seconds: number = 60 -- the shortest gap
-- param since: time = 7d -- from when on
-- param limit: number = 100 -- how many gaps
SELECT "{field}", before AS silent_from, timestamp AS silent_until,
       round((julianday(timestamp) - julianday(before)) * 86400, 3) AS seconds
FROM (SELECT "{field}", timestamp, lag(timestamp) OVER (PARTITION BY "{field}" ORDER BY timestamp) AS before
      FROM (SELECT "{field}", {time {table}} AS timestamp FROM "{table}") WHERE timestamp >= :since)
WHERE (julianday(timestamp) - julianday(before)) * 86400 > :seconds
ORDER BY seconds DESC LIMIT :limit
