-- The state of the database and of what waits to get there.
SELECT 'database' AS what, database_size() AS figure
UNION ALL SELECT 'write-ahead log', log_size()
UNION ALL SELECT 'waiting in the spool', spool_size() || ' in ' || spool_segments() || ' segments'
UNION ALL SELECT 'rejected, in _rejects', printf('%,d', count(*)) FROM _rejects
UNION ALL SELECT 'dropped by policy', printf('%,d', coalesce(sum(count), 0)) FROM _drops
UNION ALL SELECT 'imported files', printf('%,d', count(*)) FROM _sources
UNION ALL SELECT 'last drained', coalesce(replace(substr(max(updated_at), 1, 19), 'T', ' '), 'nothing waits') FROM _cursors
UNION ALL SELECT 'SQLite', sqlite_version()
