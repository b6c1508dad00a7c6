-- The tables that the store keeps for itself; the underscore hides them in Datasette.

-- How much of each spool segment is committed.
CREATE TABLE IF NOT EXISTS _cursors (
    segment TEXT PRIMARY KEY,
    offset INTEGER NOT NULL,
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000+00:00')
) WITHOUT ROWID;

-- Every imported file.
CREATE TABLE IF NOT EXISTS _sources (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    "table" TEXT NOT NULL,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    size INTEGER NOT NULL,
    prefix_hash TEXT NOT NULL,
    offset INTEGER NOT NULL,
    read INTEGER NOT NULL,
    imported INTEGER NOT NULL,
    duplicate INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    blank INTEGER NOT NULL,
    time_origin TEXT NOT NULL,
    duplicate_of TEXT NOT NULL,
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000+00:00'),
    CHECK (read = imported + duplicate + rejected + blank)
);
CREATE UNIQUE INDEX IF NOT EXISTS _sources_path ON _sources (path, device, inode);

-- What could not be stored, and why.
CREATE TABLE IF NOT EXISTS _rejects (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    offset INTEGER NOT NULL,
    "table" TEXT NOT NULL,
    reason TEXT NOT NULL,
    raw BLOB NOT NULL,
    rejected_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000+00:00')
);

-- What a policy that the user chose has dropped.
CREATE TABLE IF NOT EXISTS _drops (
    cause TEXT NOT NULL,
    source TEXT NOT NULL,
    count INTEGER NOT NULL,
    noted_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000+00:00')
);

-- What each table (column = '') and column means, where it comes from, when it was last written.
CREATE TABLE IF NOT EXISTS _tables (
    "table" TEXT NOT NULL,
    "column" TEXT NOT NULL DEFAULT '',
    type TEXT NOT NULL DEFAULT '',
    origin TEXT NOT NULL,
    doc TEXT NOT NULL DEFAULT '',
    declaration TEXT,
    first_seen TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000+00:00'),
    last_written TEXT,
    PRIMARY KEY ("table", "column")
) WITHOUT ROWID;

CREATE VIEW IF NOT EXISTS schema_version AS
    SELECT name AS version, applied_at FROM _sqlite_migrations WHERE migration_set = 'telemetry_store' ORDER BY id;
