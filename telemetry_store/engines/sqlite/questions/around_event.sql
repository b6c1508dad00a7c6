-- What happened around one event, whatever the table.
-- param table: table = error_events -- the event's table
-- param id: number = 1 -- its row number
-- param seconds: number = 60 -- how far to look on either side
-- param limit: number = 100 -- at most so many events
SELECT timestamp, "table", id, agent_id, event_type, event
FROM {events timestamp, table, id, agent_id, event_type, event}
WHERE timestamp >= (SELECT strftime('%Y-%m-%dT%H:%M:%S', {time {table}}, '-' || :seconds || ' seconds')
                    FROM "{table}" WHERE rowid = :id)
  AND timestamp <= (SELECT strftime('%Y-%m-%dT%H:%M:%S', {time {table}}, '+' || :seconds || ' seconds') || '~'
                    FROM "{table}" WHERE rowid = :id)
ORDER BY timestamp LIMIT :limit
