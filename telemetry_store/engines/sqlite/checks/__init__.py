"""What the doctor asks SQLite itself; one file for each kind of check, whose findings stand at its head."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, cast

from telemetry_store.engines.abilities import Checks, Space
from telemetry_store.engines.sqlite.checks import indexes, integrity, log, tables
from telemetry_store.engines.sqlite.definitions import add_index
from telemetry_store.finding import MissingIndex, Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.engines.base import Reader, Transaction
    from telemetry_store.engines.sqlite.transaction import SqliteTransaction
    from telemetry_store.finding import Finding, Fix, Look

#: Rows that ANALYZE looks at in each index.
_SAMPLE = 2000


class SqliteChecks(Checks):
    """See `Checks`."""

    def version(self) -> Finding:
        return integrity.judged(sqlite3.sqlite_version_info)

    def check(self, look: Look, reader: Reader) -> Iterator[Finding]:
        yield from integrity.check(look, reader)
        yield from log.check(look, reader)
        yield from tables.lost_rows(reader)
        yield from tables.drift(reader)
        yield from indexes.check(reader)

    def space(self, reader: Reader) -> Space:
        page, pages, free = (reader.value(f"PRAGMA {name}") for name in ("page_size", "page_count", "freelist_count"))
        return Space((pages - free) * page, free * page)

    def mend(self, transaction: Transaction, fix: Fix) -> str:
        connection = cast("SqliteTransaction", transaction).connection
        if isinstance(fix, MissingIndex):
            add_index(connection, fix.table, fix.columns)
            return f"made an index on {fix.table} ({', '.join(fix.columns)})"
        if fix is Remedy.LOG:  # the sink has done it when it opened its connection
            return f"set the journal mode to {connection.execute('PRAGMA journal_mode').fetchone()[0]}"
        connection.execute(f"PRAGMA analysis_limit = {_SAMPLE}")
        connection.execute("ANALYZE")
        return "counted statistics for the planner"
