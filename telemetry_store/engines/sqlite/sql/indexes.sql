-- The indexes of a table with their columns, in SQLite's order.
SELECT l.name, i.name FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i ORDER BY l.seq, i.seqno
