-- Every merge that is in force: what it made and where its backups are, so that it can be undone.
CREATE TABLE IF NOT EXISTS _merges (
    id INTEGER PRIMARY KEY,
    merged_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000+00:00'),
    folder TEXT NOT NULL,
    record TEXT NOT NULL
)
