-- When each agent was alive, and its silences: longer than three times its usual interval, or since its last beat.
WITH $span$names,
$usual,
lives(agent, first, last, seconds) AS (
    SELECT agent, first, last, seconds FROM usual ORDER BY last LIMIT 24
),
steps(agent, start, finish) AS (
    $arms
),
drawn(agent, kind, start, finish) AS (
    SELECT agent, 'beating', first, last FROM lives
    UNION ALL
    SELECT agent, 'silent', start, finish FROM steps JOIN lives USING (agent)
    WHERE 86400.0 * (julianday(finish) - julianday(start)) > max(3 * seconds, 1.0)
    UNION ALL
    SELECT agent, 'silent since', last, hi FROM lives, span
    WHERE 86400.0 * (julianday(hi) - julianday(last)) > max(3 * seconds, 1.0)
)
SELECT agent, kind, start, finish, round(86400.0 * (julianday(finish) - julianday(start)), 1) AS seconds
FROM (SELECT agent, kind, strftime('%Y-%m-%dT%H:%M:%fZ', start) AS start, strftime('%Y-%m-%dT%H:%M:%fZ', finish) AS finish
      FROM drawn)
WHERE start IS NOT NULL AND finish IS NOT NULL ORDER BY kind, 5 DESC LIMIT 2000
