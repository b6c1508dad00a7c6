-- Events that hold all of these words, the most fitting of each table first.
-- param words: text = -- the words
{each}
SELECT * FROM (SELECT {time} AS timestamp, {name} AS "table", {here}.rowid AS id,
                      snippet({search_index}, -1, '[', ']', '…', 16) AS found
               FROM {search_index} JOIN {here} ON {here}.rowid = {search_index}.rowid
               WHERE {search_index} MATCH escape_fts(:words) ORDER BY rank LIMIT 100)
{end}
