-- What became of the lines of imported files, by table.
SELECT "table", outcome, lines, sum(lines) OVER (PARTITION BY "table") AS total FROM (
    SELECT "table", 'imported' AS outcome, sum(imported) AS lines FROM _sources GROUP BY 1
    UNION ALL SELECT "table", 'duplicate', sum(duplicate) FROM _sources GROUP BY 1
    UNION ALL SELECT "table", 'rejected', sum(rejected) FROM _sources GROUP BY 1
    UNION ALL SELECT "table", 'blank', sum(blank) FROM _sources GROUP BY 1
) WHERE lines > 0 ORDER BY total DESC LIMIT 100
