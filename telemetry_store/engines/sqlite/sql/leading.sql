-- Each table with the columns that an index of all its rows begins with.
SELECT m.name, i.name
FROM sqlite_master AS m, pragma_index_list(m.name) AS l, pragma_index_info(l.name) AS i
WHERE m.type = 'table' AND i.seqno = 0 AND i.name IS NOT NULL AND NOT l.partial
