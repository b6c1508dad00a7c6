-- Rows, span and size of each table, the whole of it, whatever the window.
SELECT "table", rows, replace(substr(first, 1, 19), 'T', ' ') AS "first event", replace(substr(last, 1, 19), 'T', ' ') AS "last event" FROM (
    $arms
) ORDER BY rows DESC
