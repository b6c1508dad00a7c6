-- The last error of each module; fast where an index begins with the field.
-- param table: table = error_events -- the table of errors
-- param field: field = module -- what to tell apart
SELECT * FROM "{table}" WHERE rowid IN {last_errors {table} {field}} ORDER BY {time {table}} DESC
