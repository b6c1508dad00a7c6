"""Databases made by chance: tables, keys, indexes, triggers, views and values of every kind that SQLite knows."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.importers.merge.content import quoted

NAMES = ["users", "Orders", "my table", "order", "Größe", 'a"b', "it's", "x.y", "select", "log", "1st", "t_1", "tasks",
         "very_" + "long_" * 14 + "name", "[odd]", "tab\tle", "表", "notes", "main", "_hidden", "T"]  # fmt: skip
COLUMNS = ["id", "name", "Value", "a b", "group", 'q"c', "x", "created_at", "timestamp", "rowid", "oid", "β", "ref's",
           "data", "kind", "n1", "n2"]  # fmt: skip
TYPES = ["INTEGER", "TEXT", "REAL", "BLOB", "NUMERIC", "", "VARCHAR(20)", "DATETIME", "BOOLEAN", "INT"]
STRICT_TYPES = ["INTEGER", "TEXT", "REAL", "BLOB", "ANY", "INT"]
COLLATIONS = ["NOCASE", "RTRIM", "BINARY"]


@dataclass
class Made:
    """One table, as far as rows for it must know."""

    name: str
    columns: list[str]
    types: dict[str, str]
    key: str
    strict: bool
    keyed: list[str] = field(default_factory=list)


class Generator:
    """Fills one database.

    Args:
        chance: decides everything.
        connection: to the new database.
    """

    def __init__(self, chance: random.Random, connection: sqlite3.Connection) -> None:
        self.chance = chance
        self.connection = connection
        self.tables: list[Made] = []

    def run(self) -> None:
        chance = self.chance
        names = chance.sample(NAMES, chance.randrange(2, 7))
        for name in names:
            self.tables.append(self.table(name, names))
        for made in self.tables:
            for number in range(chance.randrange(3)):
                self.index(made, number)
        self.rows()
        self.triggers_and_views()
        for made in self.tables:  # triggers have their part in the content
            self.try_(f"UPDATE {quoted(made.name)} SET {quoted(made.columns[-1])} = {quoted(made.columns[-1])}")
            self.insert(made)
        if chance.random() < 0.3:
            self.full_text()

    def try_(self, sql: str, values: list | tuple = ()) -> bool:
        """Constraints may refuse."""
        try:
            self.connection.execute(sql, values)
        except (sqlite3.IntegrityError, sqlite3.DataError):
            return False
        return True

    def table(self, name: str, names: list[str]) -> Made:
        chance = self.chance
        strict = chance.random() < 0.2
        key = chance.choice(["integer", "counted", "text", "pair", "bare pair", "bare text", "none", "none"])
        columns = chance.sample(COLUMNS, chance.randrange(2, 7))
        types = {each: chance.choice(STRICT_TYPES if strict else TYPES) for each in columns}
        body, keyed = [], []
        for place, column in enumerate(columns):
            kind = types[column]
            if place == 0 and key in ("integer", "counted"):
                types[column] = "INTEGER"
                body.append(f"{quoted(column)} INTEGER PRIMARY KEY{' AUTOINCREMENT' * (key == 'counted')}")
                continue
            text = f"{quoted(column)} {kind}"
            if place == 0 and key.endswith("text"):
                text = f"{quoted(column)} TEXT{' COLLATE NOCASE' * (chance.random() < 0.3)} PRIMARY KEY"
                types[column] = "TEXT"
            elif place > 1 and chance.random() < 0.2:
                text += f" DEFAULT {self.default(kind)}"
            elif place > 1 and chance.random() < 0.15 and kind in ("TEXT", "VARCHAR(20)"):
                text += f" COLLATE {chance.choice(COLLATIONS)}"
            elif place > 1 and chance.random() < 0.1:
                text += f" CHECK ({quoted(name)}.{quoted(column)} IS NOT 'never' /* , */)"
            elif place > 1 and chance.random() < 0.1:
                text += " UNIQUE"
            body.append(text)
        plain = list(columns)
        if chance.random() < 0.25:
            body.append(self.generated(columns[-1], strict=strict))
        if key.endswith("pair"):
            body.append(f"PRIMARY KEY ({quoted(columns[0])}, {quoted(columns[1])} DESC)")
        for column in plain[1:]:
            if chance.random() < 0.2:
                parent = chance.choice(names)
                action = chance.choice(["", " ON DELETE CASCADE", " ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED"])
                body.append(f"FOREIGN KEY ({quoted(column)}) REFERENCES {quoted(parent)}{action}")
                keyed.append(column)
        options = ["WITHOUT ROWID"] * key.startswith("bare") + ["STRICT"] * strict
        sql = f"CREATE TABLE {quoted(name)} ({', '.join(body)} -- a comment, with )\n) {', '.join(options)}"
        self.connection.execute(sql)
        return Made(name, plain, types, key, strict, keyed)

    def default(self, kind: str) -> str:
        if kind in ("INTEGER", "INT"):
            return self.chance.choice(["0", "-1", "(1 + 2)"])
        return "(x'00')" if kind == "BLOB" else "1.5" if kind == "REAL" else self.chance.choice(
            ["'it''s'", "(lower('X'))"])  # fmt: skip

    def generated(self, column: str, *, strict: bool) -> str:
        kind = self.chance.choice(["STORED", "VIRTUAL", ""])
        declared = "TEXT" if strict else ""
        return f'"made up" {declared} GENERATED ALWAYS AS (typeof({quoted(column)})) {kind}'

    def index(self, made: Made, number: int) -> None:
        chance = self.chance
        column = quoted(chance.choice(made.columns))
        name = quoted(chance.choice(["idx", "idx_name", "by time", "i"]) + str(number) * (chance.random() < 0.7))
        what = chance.choice([column, f"{column} DESC", f"{column} COLLATE NOCASE", f"quote({column})",
                              f"{column}, length({column})"])  # lower() of a blob damages indexes in UTF-16  # fmt: skip
        where = chance.choice(["", "", f" WHERE {column} IS NOT NULL"])
        with contextlib.suppress(sqlite3.OperationalError):  # there is one of that name
            self.connection.execute(f"CREATE INDEX {name} ON {quoted(made.name)} ({what}){where}")

    def value(self, kind: str, *, strict: bool = False):
        chance = self.chance
        number = chance.choice([0, 1, -1, 2**63 - 1, -(2**63), chance.randrange(1000)])
        real = chance.choice([0.1, -0.0, 1e300, 1.0, 2.0**60, chance.random()])
        text = chance.choice(
            ["", "ä", "a\0b", "x" * chance.randrange(5000), "1", "1.0", "NULL", "line\n", "😀", "Abc "]
        )
        blob = bytes(chance.randrange(256) for _ in range(chance.randrange(20)))
        if strict and kind != "ANY":
            return {"INTEGER": number, "INT": number, "TEXT": text, "REAL": real, "BLOB": blob}[kind]
        return chance.choice([number, real, text, text, blob, None])

    def insert(self, made: Made) -> None:
        values = []
        for place, column in enumerate(made.columns):
            value = self.value(made.types[column], strict=made.strict)
            if place == 0 and made.key in ("integer", "counted"):
                value = self.chance.choice([None, self.chance.randrange(-50, 500)])
            elif place == 0 and made.key.endswith("text"):
                value = f"k{self.chance.randrange(10**6)}"
            elif place < 2 and made.key.endswith("pair"):
                value = self.chance.randrange(10**6) if not made.strict else value
            elif column in made.keyed:
                value = None
            values.append(value)
        marks = ", ".join("?" * len(values))
        self.try_(f"INSERT INTO {quoted(made.name)} ({', '.join(map(quoted, made.columns))}) VALUES ({marks})", values)

    def rows(self) -> None:
        self.connection.execute("BEGIN")
        for made in self.tables:
            for _ in range(self.chance.choice([0, 1, 5, 60])):
                self.insert(made)
            if self.chance.random() < 0.4 and not made.strict:
                column = quoted(made.columns[-1])
                self.try_(f"UPDATE {quoted(made.name)} SET {column} = CAST(x'c328' AS TEXT) WHERE {column} = 'Abc '")
            if self.chance.random() < 0.6:
                first = quoted(made.columns[0])
                self.try_(f"DELETE FROM {quoted(made.name)} WHERE {first} IN "
                          f"(SELECT {first} FROM {quoted(made.name)} ORDER BY random() LIMIT 3)")  # fmt: skip
        self.connection.execute("COMMIT")

    def triggers_and_views(self) -> None:
        chance = self.chance
        for number, made in enumerate(self.tables):
            other, column = chance.choice(self.tables), quoted(made.columns[-1])
            if chance.random() < 0.4:
                event = chance.choice(["AFTER INSERT", f"BEFORE UPDATE OF {column}", "AFTER DELETE"])
                self.connection.execute(
                    f"CREATE TRIGGER {quoted(f'tr {number}' if number % 2 else 'tr')} {event} ON {quoted(made.name)} "
                    f"WHEN (SELECT count(*) FROM {quoted(other.name)}) < 70 BEGIN "
                    f"UPDATE OR IGNORE {quoted(other.name)} SET {quoted(other.columns[-1])} = "
                    f"{quoted(other.columns[-1])} WHERE {quoted(other.name)}.{quoted(other.columns[0])} = 1; END"
                    if number % 2 or not number else
                    f"CREATE TRIGGER {quoted(f'tr {number}')} AFTER INSERT ON {quoted(made.name)} BEGIN SELECT 1; END"
                )  # fmt: skip
            if chance.random() < 0.5:
                view = quoted(f"view {number}" if number % 2 else f"v{number}")
                self.connection.execute(
                    f"CREATE VIEW {view} (one, two) AS SELECT a.{column}, count(b.{quoted(other.columns[0])}) "
                    f"FROM {quoted(made.name)} AS a LEFT JOIN {quoted(other.name)} AS b "
                    f"ON a.{quoted(made.columns[0])} = b.{quoted(other.columns[0])} GROUP BY 1"
                )
                if chance.random() < 0.5:
                    self.connection.execute(f"CREATE TRIGGER {quoted(f'on view {number}')} INSTEAD OF DELETE ON {view} "
                                            f"BEGIN DELETE FROM {quoted(made.name)} WHERE {column} = OLD.one; END")  # fmt: skip

    def full_text(self) -> None:
        self.connection.execute("CREATE VIRTUAL TABLE words USING fts5(title, body)")
        for number in range(self.chance.randrange(40)):
            self.connection.execute("INSERT INTO words VALUES (?, ?)", (f"title {number}", "some words " * number))


def generate(path: Path, seed: int) -> Path:
    """A database that this seed decides."""
    chance = random.Random(seed)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(f"PRAGMA page_size = {chance.choice([512, 1024, 4096, 8192])}")
        connection.execute(f"PRAGMA encoding = '{chance.choice(['UTF-8', 'UTF-8', 'UTF-8', 'UTF-16le'])}'")
        connection.execute(f"PRAGMA journal_mode = {chance.choice(['WAL', 'DELETE'])}")
        Generator(chance, connection).run()
    return path
