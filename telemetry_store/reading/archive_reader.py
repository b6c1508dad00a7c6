"""A process of its own that asks an archive and the live database together, with DuckDB.

DuckDB reads the Parquet files itself; the live rows come through the standard library's SQLite and Arrow, as one read
transaction sees them. A row that is in the table and in a file counts once.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telemetry_store.care import archive
from telemetry_store.care.aged import columns_of, lineage, selected
from telemetry_store.engines.sqlite.names import exists, quoted, text_of
from telemetry_store.engines.sqlite.query import read_only
from telemetry_store.errors import QueryError, UsageError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    import duckdb


#: Rows that are sent at once.
_PORTION = 1000
_PLAIN = frozenset({type(None), bool, int, float, str})


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        database: path of the live one.
        folder: of the archive.
        sql: one SELECT or WITH statement.
    """

    database: str
    folder: str
    sql: str


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the columns; they come first."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows, of values that JSON has."""

    rows: list[list[Any]]


class Reader:
    """Answers one question.

    Args:
        live: a connection to the database, within a read transaction.
        folder: of the archive.
        duck: an empty database of DuckDB.
    """

    def __init__(self, live: sqlite3.Connection, folder: str, duck: duckdb.DuckDBPyConnection) -> None:
        self._live = live
        self._folder = folder
        self._duck = duck
        ledger = (
            live.execute("SELECT file, state, kept FROM _pruned WHERE file <> ''") if exists(live, "_pruned") else ()
        )
        #: File → whether all its rows are gone from the table.
        self._settled = {file: state == "done" and kept == "[]" for file, state, kept in ledger}
        self._files = self._counted()

    def _counted(self) -> dict[str, list[str]]:
        """Table → its files, without those that are not finished and those of other databases.

        A file that the read transaction does not know was finished after it began, or before a restore.
        """
        writing = set()
        number = ""
        if exists(self._live, "_pruned"):
            writing = {file for (file,) in self._live.execute("SELECT file FROM _pruned WHERE state = 'writing'")}
            number = lineage(self._live)
        found: dict[str, list[str]] = {}
        for file in archive.files(self._folder):
            if file not in writing and os.path.basename(file).startswith(number):
                found.setdefault(archive.table_of(file), []).append(file)
        return found

    def answer(self, sql: str) -> Iterator[Names | Rows]:
        """Yield the names of the columns, and then the rows.

        Raises:
            QueryError: the SQL is wrong, or not one SELECT.
        """
        import duckdb

        try:
            statements = self._duck.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise QueryError("only one SELECT is allowed here", "SELECT and WITH work")
            for name in self._duck.get_table_names(sql):
                self._provide(name.strip('"'))
            self._close_off()
            cursor = self._duck.execute(sql)
            yield Names(tuple(name for name, *_ in cursor.description or ()))
            while rows := cursor.fetchmany(_PORTION):
                yield Rows([_plain(row) for row in rows])
        except duckdb.Error as error:
            raise QueryError(
                str(error).split("\n")[0], f"this is DuckDB's SQL; in the archive: {self._tables()}"
            ) from error

    def _tables(self) -> str:
        return ", ".join(sorted(self._files)) or "nothing"

    def _close_off(self) -> None:
        """From here on DuckDB can open the files of the archive and nothing else."""
        paths = [self._path(file) for files in self._files.values() for file in files]
        self._duck.execute(f"SET allowed_paths = [{', '.join(map(text_of, paths))}]")
        self._duck.execute("SET enable_external_access = false")
        self._duck.execute("SET lock_configuration = true")

    def _path(self, file: str) -> str:
        return os.path.join(self._folder, file)

    def _provide(self, name: str) -> None:
        """Make a view of one table: what is live, and what is archived and not live any more."""
        by_name = {each.lower(): each for each in self._files}
        row = self._live.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND lower(name) = ?",
                                 (name.lower(),)).fetchone()  # fmt: skip
        table = row[0] if row else by_name.get(name.lower())
        if table is None or table.startswith("_"):
            return  # a name of the statement's own, or none at all, which DuckDB says best
        parts = []
        if row:
            number = self._load_live(table)
            parts.append("SELECT * FROM live." + quoted(table))
        files = self._files.get(table, [])
        settled = [file for file in files if self._settled.get(file, False) or not row]
        others = [file for file in files if file not in settled]
        if settled:
            parts.append(f"SELECT * EXCLUDE ({archive.EXACT}) FROM {self._parquet(settled)}")
        if others:
            parts.append(
                f"SELECT * EXCLUDE ({archive.EXACT}) FROM {self._parquet(others)} AS old WHERE NOT EXISTS "
                f"(SELECT 1 FROM live.{quoted(table)} AS new WHERE new.{quoted(number)} = old.{quoted(number)})"
            )
        self._duck.execute(f"CREATE VIEW {quoted(table)} AS {' UNION ALL BY NAME '.join(parts)}")

    def _parquet(self, files: list[str]) -> str:
        paths = ", ".join(text_of(self._path(file)) for file in files)
        return f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"

    def _load_live(self, table: str) -> str:
        """Copy the live rows into DuckDB, which spills what is too much for the memory; returns the number's name."""
        import pyarrow as pa

        columns = columns_of(self._live, table)
        cursor = self._live.execute(f"SELECT {selected(columns)} FROM {quoted(table)}")
        portions = iter(lambda: cursor.fetchmany(archive.GROUP), [])
        rows = pa.RecordBatchReader.from_batches(
            archive.schema(columns), (archive.batch(columns, each) for each in portions)
        )
        self._duck.register("arriving", rows)
        self._duck.execute("CREATE SCHEMA IF NOT EXISTS live")
        self._duck.execute(f"CREATE TABLE live.{quoted(table)} AS SELECT * EXCLUDE ({archive.EXACT}) FROM arriving")
        self._duck.unregister("arriving")
        return columns.number


def answer(question: Question) -> Iterator[Names | Rows]:
    """Yield the names of the columns, and then the rows.

    Raises:
        UsageError: duckdb or pyarrow is not installed.
        QueryError: the SQL is wrong, or not one SELECT.
    """
    archive.require()
    try:
        import duckdb
    except ImportError as error:
        raise UsageError("asking an archive needs duckdb", "pip install 'telemetry-store[archive]'") from error
    with tempfile.TemporaryDirectory(prefix="telemetry-") as spill, duckdb.connect(":memory:") as duck:
        duck.execute(f"SET temp_directory = {text_of(spill)}")
        duck.execute("SET autoinstall_known_extensions = false")
        duck.execute("SET autoload_known_extensions = false")
        with read_only(question.database, guarded=False) as live:
            live.execute("BEGIN")
            live.execute("SELECT 1 FROM sqlite_master").fetchone()  # from here on it is one moment
            yield from Reader(live, question.folder, duck).answer(question.sql)


def _plain(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value.hex() if isinstance(value, bytes) else str(value)
