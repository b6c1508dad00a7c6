-- The files that were imported last.
SELECT replace(path, rtrim(path, replace(path, '/', '')), '') AS file, "table", read, imported, duplicate, rejected,
       replace(substr(updated_at, 1, 19), 'T', ' ') AS "when"
FROM _sources ORDER BY updated_at DESC LIMIT 12
