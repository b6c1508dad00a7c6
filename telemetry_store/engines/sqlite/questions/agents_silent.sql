-- How many agents have been silent for longer than three times their usual interval, at the end of a window.
{part span},
{part usual}
SELECT count(*) AS n FROM usual, span WHERE 86400.0 * (julianday(hi) - julianday(last)) > max(3 * seconds, 1.0)
