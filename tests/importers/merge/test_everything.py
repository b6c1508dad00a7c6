"""One old database with every kind of thing that SQLite can define: all of it goes on working under new names."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from importers.merge import databases_in, draft, merge, rollback
from tests.importers.merge.content import digest, everything, rows, sound
from tests.importers.merge.old import make

SQL = """
CREATE TABLE parents (a TEXT, b INT, note, PRIMARY KEY (a, b));
CREATE TABLE children (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, b INT, twin INTEGER UNIQUE REFERENCES twins (id)
    ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED, FOREIGN KEY (b, a) REFERENCES parents (b, a));
CREATE UNIQUE INDEX other_order ON parents (b, a);
CREATE TABLE twins (id INTEGER PRIMARY KEY, child INTEGER REFERENCES children (id), self INTEGER REFERENCES twins);
CREATE TABLE checked (n INT CHECK (checked.n > 0 AND "n" < 100), m INT, CONSTRAINT "both" CHECK (checked.m <> checked.n));
CREATE TABLE computed (id INTEGER PRIMARY KEY, w REAL, h REAL, area REAL AS (w * h) STORED, label TEXT AS ('no ' || id));
CREATE INDEX by_area ON computed (area) WHERE area > 1;
CREATE INDEX by_label ON computed (label COLLATE NOCASE DESC);
CREATE TABLE backward (id INTEGER PRIMARY KEY DESC, x);
CREATE TABLE taken (rowid TEXT, oid TEXT, _rowid_ TEXT);
CREATE TABLE half_taken (rowid TEXT, x);
CREATE TABLE bare (x);
CREATE TABLE "it's ""odd"" [`name`]" ("1 col" INT, "from" TEXT DEFAULT 'a''b', "ü" BLOB DEFAULT x'00FF');
CREATE TABLE small (k TEXT COLLATE NOCASE, n INT, PRIMARY KEY (k DESC, n)) WITHOUT ROWID, STRICT;
CREATE TABLE copied AS SELECT 1 AS one, 'x' AS "two three";
CREATE TABLE log (at TEXT DEFAULT CURRENT_TIMESTAMP, what TEXT NOT NULL DEFAULT (lower('NEW')));
CREATE TABLE docs (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
CREATE VIRTUAL TABLE docs_fts USING fts5 (title, body, content = "docs", content_rowid='id', tokenize = 'porter ascii');
CREATE TRIGGER docs_ai AFTER INSERT ON docs BEGIN
    INSERT INTO docs_fts (rowid, title, body) VALUES (new.id, new.title, new.body); END;
CREATE TRIGGER docs_ad AFTER DELETE ON docs BEGIN
    INSERT INTO docs_fts (docs_fts, rowid, title, body) VALUES ('delete', old.id, old.title, old.body); END;
CREATE VIRTUAL TABLE mails USING fts4 (body, tokenize=porter);
CREATE VIRTUAL TABLE words USING fts5 (w, content='');
CREATE VIRTUAL TABLE boxes USING rtree (id, x0, x1, +name);
CREATE TRIGGER /* of children */ "guard it" BEFORE DELETE ON children WHEN OLD.id = 1 BEGIN
    SELECT RAISE (ABORT, 'children is guarded'); END;
CREATE TRIGGER logged AFTER UPDATE OF note ON parents FOR EACH ROW WHEN NEW.note IS NOT OLD.note BEGIN
    INSERT INTO log (what) SELECT 'parents ' || NEW.a FROM parents WHERE parents.a = NEW.a
        AND EXISTS (SELECT 1 FROM children c WHERE c.a = parents.a); END;
CREATE VIEW tree AS WITH RECURSIVE up (id, depth) AS (SELECT id, 0 FROM twins WHERE self IS NULL
    UNION ALL SELECT twins.id, depth + 1 FROM twins JOIN up ON twins.self = up.id) SELECT * FROM up;
CREATE VIEW families (parent, many) AS SELECT p.a, (SELECT count(*) FROM children WHERE children.a = p.a) FROM parents p;
CREATE VIEW "of families" AS SELECT max(many) AS most FROM families;
CREATE TRIGGER adopt INSTEAD OF INSERT ON families BEGIN
    INSERT INTO children (a, b) SELECT NEW.parent, b FROM parents WHERE a = NEW.parent; END;
INSERT INTO parents VALUES ('p', 1, 'x'), ('q', 2, NULL);
INSERT INTO children (a, b) VALUES ('p', 1), ('p', 1), ('q', 2); DELETE FROM children WHERE id = 3;
INSERT INTO twins VALUES (7, 1, NULL), (8, 2, 7); UPDATE children SET twin = id + 6;
INSERT INTO checked VALUES (1, 2), (NULL, 3); INSERT INTO computed (w, h) VALUES (1, 2), (0.5, 0.5), (NULL, 1);
INSERT INTO backward VALUES (5, 'a'), (3, 'b'); INSERT INTO taken VALUES ('r', 'o', '_'), ('r', 'o', '_');
INSERT INTO half_taken (oid, rowid, x) VALUES (4, 'r', 1); INSERT INTO bare (rowid, x) VALUES (-5, 1), (9000000000, 2.5);
INSERT INTO "it's ""odd"" [`name`]" DEFAULT VALUES; INSERT INTO small VALUES ('a', 1), ('B', 2);
INSERT INTO log (what) VALUES (CAST(x'00c3' AS TEXT)), (CAST(x'610062' AS TEXT));
INSERT INTO docs (title, body) VALUES ('running', 'the runners ran'), ('other', 'text'); DELETE FROM docs WHERE id = 2;
INSERT INTO mails VALUES ('late trains'); INSERT INTO words (rowid, w) VALUES (12, 'unseen'); INSERT INTO boxes VALUES (3, 0, 1, 'b');
ANALYZE;
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database with everything, merged into a new one."""
    folder = tmp_path_factory.mktemp("everything")
    old, new = make(folder / "big.db", SQL), folder / "a.db"
    done = merge(str(new), draft(databases_in([old], target=str(new))))
    assert done.status == "merged", done.conflicts
    assert done.notes == []
    for each in done.record.tables:
        if each.old != "words":  # its content cannot be read
            assert digest(new, each.name) == digest(old, each.old), each
    return new


@pytest.fixture
def merged(tmp_path: Path, original: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(original, tmp_path))


def test_it_is_sound_and_can_be_undone(merged: Path) -> None:
    """Integrity and foreign keys hold; after a rollback nothing is left of it."""
    sound(merged)
    assert len([name for name in everything(merged) if "big_" in name or "docs" in name]) > 20
    rollback(str(merged))
    left = everything(merged)
    assert [name for name in left if "big_" in name or "docs" in name] == []
    assert rows(merged, "SELECT count(*) FROM sqlite_sequence") == [(0,)]


def test_row_numbers_and_counters(merged: Path) -> None:
    """Row numbers are kept wherever they can be asked for, and AUTOINCREMENT goes on where it was."""
    assert rows(merged, "SELECT rowid FROM big_bare ORDER BY 1") == [(-5,), (9000000000,)]
    assert rows(merged, "SELECT oid FROM big_half_taken") == [(4,)]
    assert rows(merged, "SELECT rowid, id FROM big_backward ORDER BY 1") == [(1, 5), (2, 3)]
    with closing(sqlite3.connect(merged)) as connection:
        assert connection.execute("INSERT INTO big_children (a) VALUES (NULL)").lastrowid == 4


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("INSERT INTO big_checked VALUES (100, 1)", "CHECK"),
        ("INSERT INTO big_checked VALUES (3, 3)", "both"),
        ("INSERT INTO big_children (a, b) VALUES ('none', 1)", "FOREIGN KEY"),
        ("INSERT INTO big_twins VALUES (9, 99, NULL)", "FOREIGN KEY"),
        ("INSERT INTO big_small VALUES ('A', 1)", "UNIQUE"),
        ("INSERT INTO big_small VALUES ('z', 'text')", "cannot store TEXT"),
        ("DELETE FROM big_children WHERE id = 1", "children is guarded"),
        ("INSERT INTO big_parents VALUES ('p', 1, NULL)", "UNIQUE"),
    ],
)
def test_what_was_refused_is_refused(merged: Path, statement: str, message: str) -> None:
    """Constraints, foreign keys and triggers refuse what they refused."""
    with closing(sqlite3.connect(merged)) as connection:
        connection.execute("PRAGMA foreign_keys = 1")
        with pytest.raises(sqlite3.IntegrityError, match=message):
            connection.execute(statement)


def test_triggers_and_views_act(merged: Path) -> None:
    """Triggers fire on the new names, on views too; recursive views and views on views answer."""
    with closing(sqlite3.connect(merged)) as connection:
        connection.execute("UPDATE big_parents SET note = 'new' WHERE a = 'p'")
        assert connection.execute("SELECT what FROM big_log ORDER BY rowid DESC LIMIT 1").fetchone() == ("parents p",)
        connection.execute("INSERT INTO families (parent) VALUES ('q')")
        assert connection.execute("SELECT * FROM families ORDER BY 1").fetchall() == [("p", 2), ("q", 1)]
        assert connection.execute("SELECT most FROM of_families").fetchone() == (2,)
        assert connection.execute("SELECT id, depth FROM tree").fetchall() == [(7, 0), (8, 1)]
        connection.execute("INSERT INTO big_it_s_odd_name DEFAULT VALUES")
        odd = connection.execute("SELECT * FROM big_it_s_odd_name").fetchall()
        assert odd == [(None, "a'b", b"\x00\xff")] * 2


def test_indexes_are_used(merged: Path) -> None:
    """Partial, collated and two-column indexes answer the questions that they are for."""
    for index, where in (("by_area", "big_computed WHERE area > 1"),
                         ("by_label", "big_computed WHERE label COLLATE NOCASE = 'NO 1'"),
                         ("other_order", "big_parents WHERE b = 1")):  # fmt: skip
        assert index in str(rows(merged, f"EXPLAIN QUERY PLAN SELECT * FROM {where}"))


def test_full_text_goes_on(merged: Path) -> None:
    """Full-text indexes of all kinds find what they found, and follow their table."""
    with closing(sqlite3.connect(merged)) as connection:
        find = "SELECT rowid FROM {0} WHERE {0} MATCH ? ORDER BY 1"
        assert connection.execute(find.format("docs_fts"), ("run",)).fetchall() == [(1,)]
        connection.execute("INSERT INTO big_docs (title, body) VALUES ('more', 'running')")
        assert connection.execute(find.format("docs_fts"), ("run",)).fetchall() == [(1,), (2,)]
        connection.execute("DELETE FROM big_docs WHERE id = 1")
        assert connection.execute(find.format("docs_fts"), ("run",)).fetchall() == [(2,)]
        assert connection.execute(find.format("mails"), ("train",)).fetchall() == [(1,)]
        assert connection.execute(find.format("words"), ("unseen",)).fetchall() == [(12,)]
        assert connection.execute("SELECT id, name FROM boxes WHERE x0 >= 0").fetchall() == [(3, "b")]
        connection.execute("INSERT INTO docs_fts (docs_fts, rank) VALUES ('integrity-check', 1)")
