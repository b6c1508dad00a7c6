-- How sure each agent was of itself, day by day.
-- param since: time = 30d -- from when on
SELECT substr(timestamp, 1, 10) AS day, agent_id, count(*) AS events, round(min(confidence), 3) AS lowest,
       round(avg(confidence), 3) AS mean, round(max(confidence), 3) AS highest
FROM {events timestamp, agent_id, confidence!}
WHERE timestamp >= :since AND confidence IS NOT NULL
GROUP BY 1, 2 ORDER BY 1 DESC, 2
