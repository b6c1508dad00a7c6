"""Makes a database of many events in five tables, quickly: rows by SQL, indexes afterwards.

Times are spread evenly over the days before `now`, in the order of the ids, but for the last table, which is as an
import in any order leaves it.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import time

from telemetry_store import Settings, TelemetryStore

TABLES = ("chat_events", "heartbeat_events", "error_events", "metric_events", "imported_events")
_ROWS = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :rows),
moments AS (
    SELECT i, i * 2654435761 AS r, :start + (CASE WHEN :shuffled THEN (i * 7919) % :rows ELSE i END) * :step AS at
    FROM n
)
INSERT INTO {table} (timestamp, agent_id, event_type, session_id, n, confidence, ok, text, metadata_json)
SELECT strftime('%Y-%m-%dT%H:%M:%f', at, 'unixepoch') || '000+00:00', 'agent_' || (r % 50), 'type_' || (r % 7),
    's' || (i / 1000), i, (r % 1000) / 1000.0, r % 3 = 0, substr('the quick brown fox jumps over the lazy dog', r % 30),
    CASE WHEN r % 5 = 0 THEN json_object('list', json_array(i, r % 10)) END
FROM moments
"""


def make(database: str, rows: int, days: float, now: float | None = None) -> None:
    """Make the database.

    Args:
        database: a path where nothing is.
        rows: in all tables together.
        days: how far back the oldest event is.
        now: seconds since 1970 of the newest event.
    """
    now = time.time() if now is None else now
    each = rows // len(TABLES)
    event = {"agent_id": "a", "event_type": "t", "session_id": "s", "n": 1, "confidence": 0.5, "ok": True, "text": "x"}
    with TelemetryStore(settings=Settings(database)) as store:
        for table in TABLES:
            store.record(table, event)
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        for table in TABLES:
            connection.execute("BEGIN")
            connection.execute(f"DELETE FROM {table}")
            connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
            indexes = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?", (table,)
            ).fetchall()
            for name, _ in indexes:
                connection.execute(f'DROP INDEX "{name}"')
            values = {"rows": each, "start": now - days * 86_400, "step": days * 86_400 / each,
                      "shuffled": table == TABLES[-1]}  # fmt: skip
            connection.execute(_ROWS.format(table=table), values)
            for _, sql in indexes:
                connection.execute(sql)
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


if __name__ == "__main__":
    make(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
