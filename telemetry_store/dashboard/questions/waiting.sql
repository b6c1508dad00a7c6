-- How much waits in the spool.
SELECT spool_size() AS n
