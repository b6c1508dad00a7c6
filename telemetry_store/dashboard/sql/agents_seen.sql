-- How many agents have an event in the window.
WITH $span$names
SELECT count(DISTINCT name) AS n FROM (
    $arms
)
