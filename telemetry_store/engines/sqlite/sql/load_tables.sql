-- Every table of others and of ours with its columns; what is declared about it stands beside it.
SELECT m.name, c.name, c.type, c.pk, c.hidden, m.sql, t.origin, t.declaration, d.type
FROM sqlite_master AS m
JOIN pragma_table_xinfo(m.name) AS c
LEFT JOIN _tables AS t ON t."table" = m.name AND t."column" = ''
LEFT JOIN _tables AS d ON d."table" = m.name AND d."column" = c.name
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND m.name NOT LIKE '\_%' ESCAPE '\'
  AND m.sql NOT LIKE 'CREATE VIRTUAL%'
ORDER BY m.name, c.cid
