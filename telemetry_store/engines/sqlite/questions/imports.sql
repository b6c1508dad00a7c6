-- Every imported file and what became of its lines.
-- param limit: number = 100 -- how many files, the latest first
SELECT path, "table", read, imported, duplicate, rejected, blank, time_origin, duplicate_of, updated_at
FROM _sources ORDER BY updated_at DESC LIMIT :limit
