-- The indexes of a table that serve only for reading: no key, and of all rows.
SELECT l.name, i.name FROM pragma_index_list(?) AS l JOIN pragma_index_info(l.name) AS i
WHERE NOT l."unique" AND NOT l.partial AND l.origin = 'c' ORDER BY l.name, i.seqno
