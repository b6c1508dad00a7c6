"""Questions to an archive and the live database together; `archive_reader.py` answers them in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from telemetry_store.errors import DatabaseError, DatabaseMissing, QueryError, UsageError

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
    question = {"database": os.path.abspath(settings.database), "folder": os.path.abspath(folder), "sql": sql}
    command = [sys.executable, "-m", "telemetry_store.reading.archive_reader"]
    done = subprocess.run(  # noqa: S603 - our own program
        command, input=json.dumps(question), capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if lines and isinstance(lines[-1], dict):
        raise (QueryError if lines[-1]["usage"] else DatabaseError)(lines[-1]["error"], lines[-1]["hint"])
    if done.returncode:
        raise DatabaseError(f"the archive cannot be read: {done.stderr.strip().splitlines()[-1]}")
    names, *rows = lines
    return [dict(zip(names, row, strict=True)) for row in rows]
