-- The window that is shown: its ends, and the unit in which it is divided.
-- param window: text = 24 hours -- how wide, such as 7 days, or all
-- param until: text = -- the day at whose end it ends; else at the newest event
-- param agent: text = -- only this agent's events
WITH RECURSIVE ends(oldest, newest) AS (
    -- A single wrong clock must not empty every chart, so times from tomorrow on are left out.
    SELECT min(strftime('%Y-%m-%dT%H:%M:%S', oldest)), max(iif(julianday(newest) IS NULL, NULL, newest)) FROM (
        {each}
        SELECT (SELECT min({time}) FROM {here} WHERE {time} >= '1970') AS oldest,
               (SELECT max({time}) FROM {here} WHERE {time} < strftime('%Y-%m-%dT%H:%M:%S', 'now', '+1 day')) AS newest
        {end}
    )
),
window_end(hi) AS (
    SELECT CASE :until WHEN '' THEN newest ELSE :until || 'T23:59:59.999999+00:00' END FROM ends
),
window_start(lo, hi) AS (
    SELECT max(coalesce(strftime('%Y-%m-%dT%H:%M:%S', hi, '-' || coalesce(nullif(:window, ''), '24 hours')), ''),
               oldest), hi
    FROM window_end, ends
),
units(longer_than, unit, shown) AS (
    VALUES (8.0, '+1 day', '%Y-%m-%dT00:00:00'), (0.25, '+1 hour', '%Y-%m-%dT%H:00:00'),
           (0.004, '+1 minute', '%Y-%m-%dT%H:%M:00'), (-1.0, '+1 second', '%Y-%m-%dT%H:%M:%S')
),
span(lo, hi, unit, shown) AS (
    SELECT lo, hi, unit, shown FROM window_start, units
    WHERE julianday(hi) - julianday(lo) > longer_than ORDER BY longer_than DESC LIMIT 1
)
