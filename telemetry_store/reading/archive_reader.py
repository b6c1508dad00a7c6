"""Questions to an archive and the live database together, with DuckDB, in a process of its own.

DuckDB reads the Parquet files itself; the live rows come through the database's reader and Arrow, as one moment saw
them. A row that is in the table and in a file counts once.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from telemetry_store.care import archive
from telemetry_store.care.pruned import State, entries, lineage
from telemetry_store.engines import existing, sink_for
from telemetry_store.engines.names import quoted, text_of
from telemetry_store.errors import DatabaseError, QueryError, UsageError
from telemetry_store.settings import Settings
from telemetry_store.worker import Worker, WorkerLost

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import duckdb

    from telemetry_store.engines.base import Reader

#: Rows that are sent at once.
_PORTION = 1000
#: Types that JSON has.
_PLAIN = frozenset({type(None), bool, int, float, str})
#: How long the database is waited for, in seconds.
_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Question:
    """What the process is asked: one SELECT, of the database at a path and the archive in a folder."""

    database: str
    folder: str
    sql: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The names of the columns, and some rows of values that JSON has."""

    names: tuple[str, ...]
    rows: list[list[Any]]


def ask_both(settings: Settings, folder: str, sql: str) -> list[dict[str, Any]]:
    """Rows of one SELECT over tables that are partly in the database and partly in an archive.

    Args:
        settings: of which database; what is committed there counts, so flush() first.
        folder: of the archive.
        sql: one SELECT or WITH statement, in DuckDB's SQL; dates, decimals and the like are given as text.

    Raises:
        UsageError: there is no such folder, or duckdb or pyarrow is not installed.
        QueryError: the SQL is wrong, or not one SELECT.
        DatabaseMissing: there is no database.
        DatabaseError: it cannot be read.
    """
    if not os.path.isdir(folder):
        raise UsageError(f"there is no archive at {folder}", "`telemetry prune --archive` makes one")
    question = Question(os.path.abspath(existing(settings).database), os.path.abspath(folder), sql)
    try:
        with Worker[Rows](answer, question, (Rows,)) as worker:
            return [dict(zip(frame.names, row, strict=True)) for frame in worker for row in frame.rows]
    except WorkerLost as error:
        raise DatabaseError(f"the archive cannot be read: {error}") from error


class _Answering:
    """Answers one question, with a reader of the database within one moment, and an empty database of DuckDB."""

    def __init__(self, live: Reader, folder: str, duck: duckdb.DuckDBPyConnection) -> None:
        self._live = live
        self._folder = folder
        self._duck = duck
        ledger = {entry.file: entry for entry in entries(live) if entry.file}
        #: Files all of whose rows are gone from the table.
        self._settled = {file for file, entry in ledger.items() if entry.state is State.DONE and not entry.kept}
        self._files = self._counted({file for file, entry in ledger.items() if entry.state is State.WRITING})

    def _counted(self, unfinished: set[str]) -> dict[str, list[str]]:
        """Table → its files, without those that are not finished and those of other databases.

        A file that this moment does not know was finished after it, or before a restore.
        """
        own = lineage(self._live)
        counted: dict[str, list[str]] = {}
        for file in archive.files(self._folder):
            if file not in unfinished and os.path.basename(file).startswith(own):
                counted.setdefault(archive.table_of(file), []).append(file)
        return counted

    def answer(self, sql: str) -> Iterator[Rows]:
        import duckdb

        try:
            statements = self._duck.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise QueryError("only one SELECT is allowed here", "SELECT and WITH work")
            for name in self._duck.get_table_names(sql):
                self._provide(name.strip('"'))
            self._close_off()
            cursor = self._duck.execute(sql)
            names = tuple(name for name, *_ in cursor.description or ())
            while rows := cursor.fetchmany(_PORTION):
                yield Rows(names, [_plain(row) for row in rows])
        except duckdb.Error as error:
            tables = ", ".join(sorted(self._files)) or "nothing"
            raise QueryError(str(error).split("\n")[0], f"this is DuckDB's SQL; in the archive: {tables}") from error

    def _close_off(self) -> None:
        """From here on DuckDB can open the files of the archive and nothing else."""
        self._duck.execute(f"SET allowed_paths = {self._paths(chain.from_iterable(self._files.values()))}")
        self._duck.execute("SET enable_external_access = false")
        self._duck.execute("SET lock_configuration = true")

    def _paths(self, files: Iterable[str]) -> str:
        return f"[{', '.join(text_of(os.path.join(self._folder, file)) for file in files)}]"

    def _provide(self, name: str) -> None:
        """Make a view of one table: what is live, and what is archived and not live any more."""
        live = {table.lower(): table for table in self._live.catalogue.names}.get(name.lower())
        table = live or {table.lower(): table for table in self._files}.get(name.lower())
        if table is None or table.startswith("_"):
            return  # a name of the statement's own, or none at all, which DuckDB says best
        parts = []
        if live:
            number = quoted(self._load_live(table))
            parts.append(f"SELECT * FROM live.{quoted(table)}")
        files = self._files.get(table, [])
        settled = [file for file in files if file in self._settled or not live]
        if settled:
            parts.append(self._archived(settled))
        if others := [file for file in files if file not in settled]:
            same = f"SELECT 1 FROM live.{quoted(table)} AS new WHERE new.{number} = old.{number}"
            parts.append(f"{self._archived(others)} AS old WHERE NOT EXISTS ({same})")
        self._duck.execute(f"CREATE VIEW {quoted(table)} AS {' UNION ALL BY NAME '.join(parts)}")

    def _archived(self, files: list[str]) -> str:
        parquet = f"read_parquet({self._paths(files)}, union_by_name = true, hive_partitioning = false)"
        return f"SELECT * EXCLUDE ({archive.EXACT}) FROM {parquet}"

    def _load_live(self, table: str) -> str:
        """Copy the live rows into DuckDB, which spills what is too much for the memory; returns the number's name."""
        import pyarrow as pa

        layout = self._layout(table)
        live = self._live.rows(f"SELECT {', '.join(map(quoted, layout.names()))} FROM {quoted(table)}")
        portions = iter(lambda: list(islice(live, archive.GROUP)), [])
        rows = pa.RecordBatchReader.from_batches(
            archive.schema(layout), (archive.batch(layout, portion) for portion in portions)
        )
        self._duck.register("arriving", rows)
        self._duck.execute("CREATE SCHEMA IF NOT EXISTS live")
        self._duck.execute(f"CREATE TABLE live.{quoted(table)} AS SELECT * EXCLUDE ({archive.EXACT}) FROM arriving")
        self._duck.unregister("arriving")
        return layout.number

    def _layout(self, name: str) -> archive.Layout:
        """The columns of a table, whoever made it."""
        catalogue = self._live.catalogue
        table = catalogue.tables.get(name)
        number = catalogue.number(name) if table else None
        if table is None or number is None:
            raise UsageError(f"{name} is no table, or its rows have no number", "`telemetry stats` lists the tables")
        return archive.Layout(number, dict(table.columns))


def answer(question: Question) -> Iterator[Rows]:
    """What the process does: gives the rows, a portion at a time; raises as ask_both() does."""
    archive.require()
    try:
        import duckdb
    except ImportError as error:
        raise UsageError("asking an archive needs duckdb", "pip install 'telemetry-store[archive]'") from error
    with tempfile.TemporaryDirectory(prefix="telemetry-") as spill, duckdb.connect(":memory:") as duck:
        duck.execute(f"SET temp_directory = {text_of(spill)}")
        duck.execute("SET autoinstall_known_extensions = false")
        duck.execute("SET autoload_known_extensions = false")
        with sink_for(Settings(question.database)).reader(_TIMEOUT) as live, live.moment():
            yield from _Answering(live, question.folder, duck).answer(question.sql)


def _plain(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value.hex() if isinstance(value, bytes) else str(value)
