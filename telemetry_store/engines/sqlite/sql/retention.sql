-- Which database this is: copies of it, and files in an archive that came from it, say the same.
CREATE TABLE IF NOT EXISTS _identity AS SELECT lower(hex(randomblob(6))) AS id;

-- What pruning took out of the tables, and into which files it went.
CREATE TABLE IF NOT EXISTS _pruned (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "table" TEXT NOT NULL,
    cutoff TEXT NOT NULL, -- only rows before this
    folder TEXT NOT NULL DEFAULT '', -- of the archive; empty when there is none
    file TEXT NOT NULL DEFAULT '', -- in the folder
    state TEXT NOT NULL CHECK (state IN ('writing', 'sealed', 'done')),
    rows INTEGER NOT NULL DEFAULT 0, -- in the file
    deleted INTEGER NOT NULL DEFAULT 0, -- from the table
    kept TEXT NOT NULL DEFAULT '[]', -- row numbers that were changed after archiving, and so stay in the table
    content_hash TEXT NOT NULL DEFAULT '', -- SHA-256 of the rows in the file
    noted_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000+00:00')
);
