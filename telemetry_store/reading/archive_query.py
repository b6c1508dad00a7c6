"""Questions to an archive and the live database together; `archive_reader.py` answers them in a process of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from telemetry_store.errors import DatabaseError, DatabaseMissing, UsageError
from telemetry_store.reading.archive_reader import Names, Question, Rows, answer
from telemetry_store.worker import Worker, WorkerLost

if TYPE_CHECKING:
    from telemetry_store.settings import Settings


def ask_both(settings: Settings, folder: str, sql: str) -> list[dict[str, Any]]:
    """Rows of one SELECT over tables that are partly in the database and partly in an archive.

    Args:
        settings: of which database; what is committed there counts, so flush() first.
        folder: of the archive.
        sql: one SELECT or WITH statement, in DuckDB's SQL; times are text, as in the database.

    Returns:
        One dictionary per row; dates, decimals and the like as text.

    Raises:
        UsageError: there is no such folder, or duckdb or pyarrow is not installed.
        QueryError: the SQL is wrong, or not one SELECT.
        DatabaseMissing: there is no database.
        DatabaseError: it cannot be read.
    """
    if not os.path.isdir(folder):
        raise UsageError(f"there is no archive at {folder}", "`telemetry prune --archive` makes one")
    if not os.path.exists(settings.database):
        raise DatabaseMissing(f"there is no database at {settings.database}", "use --db, or set TELEMETRY_DB")
    question = Question(os.path.abspath(settings.database), os.path.abspath(folder), sql)
    names: tuple[str, ...] = ()
    found: list[dict[str, Any]] = []
    try:
        with Worker[Names | Rows](answer, question, (Names, Rows)) as worker:
            for frame in worker:
                if isinstance(frame, Names):
                    names = frame.names
                else:
                    found += [dict(zip(names, row, strict=True)) for row in frame.rows]
    except WorkerLost as error:
        raise DatabaseError(f"the archive cannot be read: {error}") from error
    return found
