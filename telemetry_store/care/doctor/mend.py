"""What `telemetry doctor --fix` does: only what is safe beside running programs, and loses nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from telemetry_store.care.retention import resume
from telemetry_store.drain import Drain
from telemetry_store.engines.sqlite.definitions import add_index
from telemetry_store.engines.sqlite.sink import SqliteSink
from telemetry_store.errors import DatabaseBusy

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from telemetry_store.settings import Settings

    from .finding import Finding, Fix

#: Rows that ANALYZE looks at in each index.
_SAMPLE = 2000


def mend(settings: Settings, findings: Iterable[Finding], *, wait: float = 10.0) -> list[str]:
    """Do what the findings offer, each thing once.

    Args:
        settings: of which database.
        findings: of an examination.
        wait: seconds to wait for other processes.

    Returns:
        What was done, in words.

    Raises:
        DatabaseBusy: others did not let go in time; what was done stays done.
        DatabaseError: by cause.
    """
    fixes = list(dict.fromkeys(each.fix for each in findings if each.fix is not None))
    sink = SqliteSink(os.path.abspath(settings.database))
    drain = Drain(os.path.abspath(settings.spool), sink)
    done = []
    try:
        for fix in fixes:
            if fix.kind == "resume":
                resume(settings, wait=wait)
                done.append("ended a prune that was broken off")
            elif fix.kind == "drain":
                done.append(_drain(drain, wait))
            else:
                with drain.exclusive(wait) as mine:
                    if not mine:
                        raise DatabaseBusy("another process is writing to the database", "try again later")
                    with sink.transaction(wait) as transaction:
                        done.append(_change(transaction.connection, fix))
    finally:
        drain.close()
    return done


def _drain(drain: Drain, wait: float) -> str:
    done = drain.run(wait, tidy=True)
    if not done.complete:
        raise DatabaseBusy("another process is draining", "it does the same work; look again later")
    return f"drained {done.counts.stored} events, deleted {done.deleted} segments, cut back the log"


def _change(connection: sqlite3.Connection, fix: Fix) -> str:
    if fix.kind == "index":
        add_index(connection, fix.table, fix.columns)
        return f"made an index on {fix.table} ({', '.join(fix.columns)})"
    if fix.kind == "wal":
        return f"set the journal mode to {connection.execute('PRAGMA journal_mode').fetchone()[0]}"  # opening did
    connection.execute(f"PRAGMA analysis_limit = {_SAMPLE}")
    connection.execute("ANALYZE")
    return "counted statistics for the planner"
