-- How many events were ever rejected.
SELECT printf('%,d', count(*)) AS n FROM _rejects
