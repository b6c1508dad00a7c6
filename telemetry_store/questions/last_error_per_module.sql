-- The last error of each module; fast with an index on the field and the time.
-- param table: table = error_events -- the table of errors
-- param field: field = module -- what to tell apart
WITH RECURSIVE each(name) AS (
    SELECT min("{field}") FROM "{table}"
    UNION ALL
    SELECT (SELECT min("{field}") FROM "{table}" WHERE "{field}" > each.name) FROM each WHERE each.name IS NOT NULL
)
SELECT each.name AS "{field}", error.timestamp, error.rowid AS id, error.*
FROM each JOIN "{table}" AS error ON error.rowid = (
    SELECT rowid FROM "{table}" WHERE "{field}" = each.name AND {is_error {table}} ORDER BY timestamp DESC LIMIT 1)
ORDER BY error.timestamp DESC
