-- The distinct values of an indexed column: one step in the index for each.
$cte(name) AS (
    SELECT min($column) FROM $table
    UNION ALL
    SELECT (SELECT min($column) FROM $table WHERE $column > name) FROM $cte WHERE name IS NOT NULL LIMIT 2000
)
