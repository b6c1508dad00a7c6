-- When a window begins and ends.
{part span}
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', lo) AS lo, strftime('%Y-%m-%dT%H:%M:%fZ', hi) AS hi FROM span
