"""The SQLite engine: the only place that imports `sqlite3`."""
