-- Indexes that wait until a load has ended; an empty statement says that the indexes of this table wait.
CREATE TABLE IF NOT EXISTS _loads (
    "table" TEXT NOT NULL COLLATE NOCASE,
    statement TEXT NOT NULL,
    PRIMARY KEY ("table", statement)
) WITHOUT ROWID;
