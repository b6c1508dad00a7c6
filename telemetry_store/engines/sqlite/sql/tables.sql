-- Every ordinary table but SQLite's and the store's own.
SELECT name FROM sqlite_master
WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE '\_%' ESCAPE '\'
  AND sql NOT LIKE 'CREATE VIRTUAL%'
ORDER BY name
