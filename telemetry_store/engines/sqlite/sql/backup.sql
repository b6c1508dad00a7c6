-- What a copy says of itself.
CREATE TABLE _backup (
    taken_at TEXT NOT NULL,
    database TEXT NOT NULL, -- host and path of what was copied
    carried INTEGER NOT NULL, -- events that went from the spool straight into the copy
    counts TEXT NOT NULL -- JSON: table → rows
)
