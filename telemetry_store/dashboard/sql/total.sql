-- One figure over all tables.
WITH $span$names
SELECT printf('%,d', sum(n)) AS n FROM (
    $arms
)
