"""What must be decided is told before anything happens; what the plan decides is done."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from importers.merge import MergeFailed, databases_in, draft, examine, merge, plan_text, read_plan, updated
from telemetry_store import TelemetryStore, UsageError
from tests.importers.merge.content import everything, rows, sound
from tests.importers.merge.old import make

A = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users VALUES (1, 'ann'), (2, 'bob');"
B = "CREATE TABLE users (id INTEGER PRIMARY KEY, name BLOB, mail TEXT); INSERT INTO users VALUES (2, 'BOB', 'b@'), (3, 'c', '');"


def planned(folder: Path, text: str):
    file = folder / "merge.toml"
    file.write_text(text)
    return read_plan(file)


def kinds(folder: Path, text: str) -> list[tuple[str, str]]:
    return [(each.kind, each.table) for each in examine(planned(folder, text), str(folder / "m.db")).conflicts]


def two(folder: Path, more: str = "") -> str:
    """A plan that gives the tables of two files one name."""
    make(folder / "a.db", A)
    make(folder / "b.db", B)
    return f"""[merge]\nviews = "none"
[merge.databases."a.db".tables]\nusers = {{ name = "people" }}
[merge.databases."b.db".tables]\nusers = {{ name = "people"{more} }}"""


def test_one_name_for_two_tables(tmp_path: Path) -> None:
    """The conflict tells the other file, the columns that differ and how many keys are in both."""
    (conflict,) = examine(planned(tmp_path, two(tmp_path)), str(tmp_path / "m.db")).conflicts
    assert conflict.kind == "name"
    assert conflict.database.endswith("b.db")
    for part in ("a.db", "other columns mail", "name is BLOB, not TEXT", "1 keys are in both"):
        assert part in conflict.message
    assert "overlap" in conflict.hint


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [
        ("first", [(1, "ann", None), (2, "bob", None), (3, "c", "")]),
        ("last", [(1, "ann", None), (2, "BOB", "b@"), (3, "c", "")]),
        ("renumber", [(1, "ann", None), (2, "bob", None), (4, "BOB", "b@"), (5, "c", "")]),
    ],
)
def test_joined(tmp_path: Path, overlap: str, expected: list[tuple]) -> None:
    """The plan decides whose row of a key stays, or that rows get new numbers."""
    plan = planned(tmp_path, two(tmp_path, f', overlap = "{overlap}"'))
    done = merge(str(tmp_path / "m.db"), plan)
    assert done.status == "merged", done.conflicts
    assert rows(tmp_path / "m.db", "SELECT * FROM people ORDER BY id") == expected
    assert len(done.record.tables[0].joined) == 1


def test_overlap_refuse_is_a_conflict_when_keys_are_in_both(tmp_path: Path) -> None:
    """With overlap = "refuse" the keys that are in both stay a conflict."""
    assert kinds(tmp_path, two(tmp_path, ', overlap = "refuse"')) == [("keys", "users")]


def test_foreign_keys_follow_new_numbers(tmp_path: Path) -> None:
    """Rows that refer to renumbered rows refer to them afterwards, the table itself included."""
    schema = """CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, boss INTEGER REFERENCES users (id), name TEXT);
        CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER REFERENCES users, text TEXT);"""
    make(
        tmp_path / "a.db",
        schema + "INSERT INTO users VALUES (1, NULL, 'ann'), (5, 1, 'abe'); INSERT INTO posts VALUES (1, 5, 'x');",
    )
    make(
        tmp_path / "b.db",
        schema
        + "INSERT INTO users VALUES (-3, NULL, 'bea'), (1, -3, 'bob'); INSERT INTO posts VALUES (1, 1, 'y'), (2, NULL, 'z');",
    )
    plan = planned(tmp_path, """[merge]\nviews = "none"
        [merge.databases."a.db".tables]\nusers = { name = "people" }\nposts = { name = "texts" }
        [merge.databases."b.db".tables]\nusers = { name = "people", overlap = "renumber" }
        posts = { name = "texts", overlap = "renumber" }""")  # fmt: skip
    done = merge(str(tmp_path / "m.db"), plan)
    assert done.status == "merged", done.conflicts
    found = rows(
        tmp_path / "m.db", "SELECT p.name, b.name FROM people AS p LEFT JOIN people AS b ON b.id = p.boss ORDER BY 1"
    )
    assert found == [("abe", "ann"), ("ann", None), ("bea", None), ("bob", "bea")]
    texts = rows(
        tmp_path / "m.db", "SELECT t.text, p.name FROM texts AS t LEFT JOIN people AS p ON p.id = t.author ORDER BY 1"
    )
    assert texts == [("x", "abe"), ("y", "bob"), ("z", None)]
    sound(tmp_path / "m.db")


def test_names_that_are_taken(tmp_path: Path) -> None:
    """A name of the database itself, a bad name, and one name for two tables of a file are conflicts."""
    make(tmp_path / "a.db", A + "CREATE TABLE more (x); CREATE TABLE two (y); CREATE VIEW three AS SELECT * FROM two;")
    with TelemetryStore(tmp_path / "m.db") as store:
        store.record("chat", text="x")
    text = """[merge]\nviews = "none"\n[merge.databases."a.db".tables]
        users = {{ name = "{}" }}\nmore = {{ name = "more" }}\ntwo = {{ name = "two" }}\nthree = {{ name = "three" }}"""
    assert kinds(tmp_path, text.format("Chat")) == [("name", "users")]
    assert kinds(tmp_path, text.format("all_events")) == [("name", "users")]
    assert kinds(tmp_path, text.format("idx_chat_timestamp")) == [("name", "users")]
    assert kinds(tmp_path, text.format("_mine")) == [("name", "users")]
    assert kinds(tmp_path, text.format("MORE"))[0][0] in ("impossible", "name")
    assert kinds(tmp_path, text.format("users")) == []


def test_names_may_be_exchanged(tmp_path: Path) -> None:
    """New names may be the old ones of other tables and views, or differ in upper and lower case only."""
    make(tmp_path / "a.db", """CREATE TABLE one (id INTEGER PRIMARY KEY, next REFERENCES two (id));
        CREATE TABLE two (id INTEGER PRIMARY KEY, next REFERENCES one (id)); CREATE TABLE Three (x);
        CREATE VIEW four AS SELECT a.id AS a, b.id AS b FROM one AS a JOIN two AS b ON a.next = b.id;
        CREATE VIEW five AS SELECT a FROM four;
        CREATE TRIGGER t INSTEAD OF INSERT ON four BEGIN INSERT INTO one VALUES (NEW.a, NULL); END;
        INSERT INTO one VALUES (1, 20); INSERT INTO two VALUES (20, 1); INSERT INTO Three VALUES (3);""")  # fmt: skip
    plan = planned(tmp_path, """[merge]\nviews = "none"\n[merge.databases."a.db".tables]
        one = { name = "two" }\ntwo = { name = "four" }\nThree = { name = "three" }\nfour = { name = "one" }
        five = { name = "five" }""")  # fmt: skip
    done = merge(str(tmp_path / "m.db"), plan)
    assert done.status == "merged", done.conflicts
    assert rows(tmp_path / "m.db", "SELECT * FROM one") == [(1, 20)]
    assert rows(tmp_path / "m.db", "SELECT * FROM five") == [(1,)]
    assert rows(tmp_path / "m.db", "SELECT \"table\" FROM pragma_foreign_key_list('two')") == [("four",)]
    with closing(sqlite3.connect(tmp_path / "m.db")) as connection:
        connection.execute("INSERT INTO one VALUES (7, 8)")
        assert connection.execute("SELECT id FROM two").fetchall() == [(1,), (7,)]
    sound(tmp_path / "m.db")


def test_what_is_left_out_must_not_be_needed(tmp_path: Path) -> None:
    """A foreign key, a view and a trigger that need a skipped table are conflicts until they are decided."""
    make(tmp_path / "a.db", A + """CREATE TABLE posts (author REFERENCES users (id)); CREATE TABLE log (what);
        CREATE VIEW names AS SELECT name FROM users; CREATE VIEW fine AS SELECT * FROM posts;
        CREATE TRIGGER logged AFTER INSERT ON posts BEGIN INSERT INTO log VALUES ('new'); END;""")  # fmt: skip
    text = """[merge]\nviews = "none"\n[merge.databases."a.db".tables]
        users = {{ action = "{0}" }}\nposts = {{ name = "posts" }}\nlog = {{ action = "skip" }}
        names = {{ name = "names"{1} }}\nfine = {{ name = "fine" }}{2}"""
    assert kinds(tmp_path, text.format("skip", "", "")) == [("cut", "logged"), ("cut", "names"), ("reference", "posts")]
    assert kinds(tmp_path, text.format("merge", "", "")) == [("cut", "logged")]
    decided = text.format("merge", "", '\nlogged = { action = "skip" }')
    assert merge(str(tmp_path / "m.db"), planned(tmp_path, decided)).status == "merged"
    assert rows(tmp_path / "m.db", "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'") == [(0,)]


def test_what_only_the_application_has(tmp_path: Path) -> None:
    """A collation, a function in an index, and a module that are not there are conflicts; a function in a view is none."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.create_collation("german", lambda one, other: (one > other) - (one < other))
        connection.create_function("shape", 1, lambda value: 1, deterministic=True)
        connection.executescript("""CREATE TABLE sorted (a TEXT COLLATE german PRIMARY KEY); CREATE TABLE good (a);
            CREATE INDEX shaped ON good (shape(a)); CREATE VIEW shapes AS SELECT shape(a) FROM good;
            CREATE TABLE module (a);""")  # fmt: skip
        connection.execute("PRAGMA writable_schema = 1")
        connection.execute(
            "UPDATE sqlite_master SET sql = 'CREATE VIRTUAL TABLE module USING strange(a)', rootpage = 0 WHERE name = 'module'"
        )
        connection.commit()
    found = examine(draft(databases_in([path], target="x")), str(tmp_path / "m.db"))
    assert {(each.kind, each.table) for each in found.conflicts} == {
        ("impossible", "sorted"), ("impossible", "shaped"), ("impossible", "module")}  # fmt: skip
    assert all("no such" in each.message for each in found.conflicts)
    plan = planned(tmp_path, """[merge]\nviews = "none"\n[merge.databases."a.db".tables]
        sorted = { action = "skip" }\nshaped = { action = "skip" }\nmodule = { action = "skip" }
        good = { name = "good" }\nshapes = { name = "shapes" }""")  # fmt: skip
    assert merge(str(tmp_path / "m.db"), plan).status == "merged"


def test_a_view_that_never_worked_is_left_out(tmp_path: Path) -> None:
    """A broken view or trigger is named in the notes and stops nothing."""
    make(tmp_path / "a.db", A + """CREATE VIEW broken AS SELECT * FROM nowhere; CREATE VIEW on_it AS SELECT * FROM broken;
        CREATE TRIGGER bad AFTER DELETE ON users BEGIN DELETE FROM nowhere; END;
        CREATE TRIGGER good AFTER DELETE ON users BEGIN SELECT 1; END;""")  # fmt: skip
    done = merge(str(tmp_path / "m.db"), draft(databases_in([tmp_path / "a.db"], target="x")))
    assert done.status == "merged"
    assert sorted(note.split(":")[1].split()[0] for note in done.notes) == ["bad", "broken", "on_it"]
    assert done.record.triggers == ("good",)


def test_rows_without_parents(tmp_path: Path) -> None:
    """Foreign keys that lead nowhere already are a conflict, until the plan keeps them."""
    make(
        tmp_path / "a.db", A + "CREATE TABLE posts (author REFERENCES users (id)); INSERT INTO posts VALUES (1), (99);"
    )
    text = '[merge]\n[merge.databases."a.db"]\ndomain = "a"\n'
    assert kinds(tmp_path, text) == [("violations", "")]
    assert merge(str(tmp_path / "m.db"), planned(tmp_path, text + 'violations = "keep"\n')).status == "merged"
    assert len(rows(tmp_path / "m.db", "PRAGMA foreign_key_check")) == 1


def test_a_plan_must_name_every_table(tmp_path: Path) -> None:
    """A table that the plan does not know, and one that is not there, are conflicts."""
    make(tmp_path / "a.db", A + "CREATE TABLE new (x);")
    text = '[merge]\n[merge.databases."a.db".tables]\nusers = { name = "people" }\ngone = { name = "gone" }\n'
    assert sorted(kinds(tmp_path, text)) == [("unknown", "gone"), ("unplanned", "new")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = ", "merge.toml"),
        ("[other]", "no section"),
        ('[merge]\nviews = "some"', "views is 'some'"),
        ('[merge]\nview = "read"', "unknown key view"),
        ('[merge.databases."a.db"]\naction = "move"', "action is 'move'"),
        ('[merge.databases."a.db".tables]\nx = { overlap = "maybe" }', "overlap is 'maybe'"),
        ('[merge.databases."a.db".tables]\nx = "name"', "is not a table"),
    ],
)
def test_plans_that_make_no_sense(tmp_path: Path, text: str, message: str) -> None:
    """The error says where."""
    with pytest.raises(UsageError, match=message):
        planned(tmp_path, text)


def test_a_plan_is_written_and_read_back(tmp_path: Path) -> None:
    """The draft says the same when it is read again, odd names included; writing it anew keeps edits and adds what is new."""
    make(tmp_path / "a.db", 'CREATE TABLE "a ""b\\\n" (x); CREATE TABLE "ü" (x); CREATE VIEW v AS SELECT 1;')
    found = databases_in([tmp_path], target="x")
    drafted = draft(found, {str(tmp_path / "a.db"): ("app.py:3",)})
    text = plan_text(drafted, found, tmp_path)
    assert "# opened in app.py:3" in text
    again = planned(tmp_path, text)
    assert [(each.action, each.domain, each.tables) for each in again.databases] == [
        (each.action, each.domain, each.tables) for each in drafted.databases]  # fmt: skip
    edited = planned(tmp_path, text.replace('domain = "a"', 'domain = "edited"'))
    make(tmp_path / "b.db", A)
    both = updated(edited, draft(databases_in([tmp_path], target="x")))
    assert [each.domain for each in both.databases] == ["edited", "b"]


def test_without_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that cannot hold the copies is told beforehand, and nothing is left on it."""
    make(tmp_path / "a.db", A)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(MergeFailed, match=r"needs .* KiB of free space, and has 1000 B"):
        merge(str(tmp_path / "m.db"), draft(databases_in([tmp_path / "a.db"], target="x")))
    assert [path.name for path in (tmp_path / "m.db-merges").iterdir()] == ["lock"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    """After a rehearsal that failed there are no copies left."""
    make(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE); INSERT INTO t VALUES (1, 'x');")
    make(tmp_path / "b.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE); INSERT INTO t VALUES (2, 'x');")
    plan = planned(tmp_path, """[merge]\nviews = "none"\n[merge.databases."a.db".tables]\nt = { name = "t" }
        [merge.databases."b.db".tables]\nt = { name = "t", overlap = "refuse" }""")  # fmt: skip
    with pytest.raises(MergeFailed, match="UNIQUE"):
        merge(str(tmp_path / "m.db"), plan)
    assert [path.name for path in (tmp_path / "m.db-merges").iterdir()] == ["lock"]


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    """It rehearses, and leaves neither a database nor a folder."""
    make(tmp_path / "a.db", A)
    before = everything(tmp_path / "a.db")
    done = merge(str(tmp_path / "m.db"), draft(databases_in([tmp_path / "a.db"], target="x")), dry_run=True)
    assert done.status == "rehearsed"
    assert [each.name for each in done.record.tables] == ["a_users", "users"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]
    assert everything(tmp_path / "a.db") == before
