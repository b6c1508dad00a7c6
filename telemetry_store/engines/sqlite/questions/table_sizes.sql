-- How many rows each table has, and its first and last event.
SELECT "table", rows, replace(substr(first, 1, 19), 'T', ' ') AS "first event",
       replace(substr(last, 1, 19), 'T', ' ') AS "last event"
FROM (
    {each}
    SELECT {name} AS "table", (SELECT count(*) FROM {here}) AS rows, (SELECT min({time}) FROM {here}) AS first,
           (SELECT max({time}) FROM {here}) AS last
    {end}
) ORDER BY rows DESC
