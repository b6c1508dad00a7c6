-- When each agent was alive, and its silences: longer than three times its usual interval, or since its last beat.
{part span},
{part usual},
lives(agent, first, last, seconds) AS (SELECT * FROM usual ORDER BY last LIMIT 24),
-- A look for the next beat is twice as fast as lag().
steps(agent, start, finish) AS (
    {each heartbeat}
    SELECT lives.agent, this.{time}, (SELECT {time} FROM {here} AS later WHERE later.{agent} = lives.agent
        AND later.{time} > this.{time} AND later.{time} <= {moment span.hi} ORDER BY later.{time} LIMIT 1)
    FROM span CROSS JOIN lives CROSS JOIN {here} AS this WHERE this.{agent} = lives.agent AND {in_span}
    {end}
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
SELECT agent, kind, strftime('%Y-%m-%dT%H:%M:%fZ', start) AS start, strftime('%Y-%m-%dT%H:%M:%fZ', finish) AS finish,
       round(86400.0 * (julianday(finish) - julianday(start)), 1) AS seconds
FROM drawn WHERE julianday(start) IS NOT NULL AND julianday(finish) IS NOT NULL ORDER BY kind, 5 DESC LIMIT 2000
