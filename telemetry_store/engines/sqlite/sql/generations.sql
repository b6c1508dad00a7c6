-- Files that follow each other under one name, as rotation brings them, and where each is now.

ALTER TABLE _sources ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE _sources ADD COLUMN place TEXT NOT NULL DEFAULT '';
ALTER TABLE _sources ADD COLUMN recent BLOB NOT NULL DEFAULT x'';

UPDATE _sources SET generation = (
    SELECT count(*) FROM _sources AS before WHERE before.path = _sources.path AND before.id < _sources.id
);

DROP INDEX _sources_path;
CREATE UNIQUE INDEX _sources_path ON _sources (path, generation);
