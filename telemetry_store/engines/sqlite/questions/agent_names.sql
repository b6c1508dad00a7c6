-- The names of all agents.
SELECT DISTINCT name FROM ({each agent} SELECT name FROM {agents} {end}) WHERE name <> '' ORDER BY name LIMIT 2000
