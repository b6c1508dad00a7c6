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
SELECT agent, kind, replace(start, '+00:00', 'Z') AS start, replace(finish, '+00:00', 'Z') AS finish,
       round(86400.0 * (julianday(finish) - julianday(start)), 1) AS seconds
FROM drawn ORDER BY kind, seconds DESC LIMIT 2000
