"""Telemetry Store: `store.record(table, event)` costs a microsecond, survives `kill -9`, and ends up in SQL.

Applications need `TelemetryStore` or `get_store`, `EventTable`, `Settings` and the errors. The other names are for
those who bring events from elsewhere, as `importers` does.
"""

# No `from __future__` here: the command imports this before its path is in order; see `import_path.py`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from telemetry_store.ahead import prefetched
    from telemetry_store.batch import Block, Chunk, ColumnChunk, Counts, Extent, Inserted, Origin, RecordChunk, Reject
    from telemetry_store.columns import Columns
    from telemetry_store.engines.base import Ledger, Reader, Sink, Source, Transaction
    from telemetry_store.errors import (
        DatabaseBusy,
        DatabaseError,
        DatabaseFull,
        DatabaseMissing,
        DatabaseNewer,
        DatabaseReadOnly,
        DeclarationError,
        EventError,
        NotADatabase,
        QueryError,
        QueryStopped,
        SettingsError,
        SpoolError,
        SpoolFull,
        SpoolNewer,
        SpoolUnwritable,
        StoreClosed,
        TableNameError,
        TelemetryError,
        UsageError,
    )
    from telemetry_store.event import Record, decode_line, dumps
    from telemetry_store.progress import Progress
    from telemetry_store.result import Result
    from telemetry_store.schema import EventTable, Table, check_table_name
    from telemetry_store.settings import Settings
    from telemetry_store.store import Stats, TelemetryStore, get_store
    from telemetry_store.timestamps import USUAL_TIME, TimeRule
    from telemetry_store.worker import Worker, WorkerLost

__version__ = "0.1.0"

__all__ = [
    "USUAL_TIME",
    "Block",
    "Chunk",
    "ColumnChunk",
    "Columns",
    "Counts",
    "DatabaseBusy",
    "DatabaseError",
    "DatabaseFull",
    "DatabaseMissing",
    "DatabaseNewer",
    "DatabaseReadOnly",
    "DeclarationError",
    "EventError",
    "EventTable",
    "Extent",
    "Inserted",
    "Ledger",
    "NotADatabase",
    "Origin",
    "Progress",
    "QueryError",
    "QueryStopped",
    "Reader",
    "Record",
    "RecordChunk",
    "Reject",
    "Result",
    "Settings",
    "SettingsError",
    "Sink",
    "Source",
    "SpoolError",
    "SpoolFull",
    "SpoolNewer",
    "SpoolUnwritable",
    "Stats",
    "StoreClosed",
    "Table",
    "TableNameError",
    "TelemetryError",
    "TelemetryStore",
    "TimeRule",
    "Transaction",
    "UsageError",
    "Worker",
    "WorkerLost",
    "check_table_name",
    "decode_line",
    "dumps",
    "get_store",
    "prefetched",
]

#: Module → the public names that it has, but for the errors.
_HOMES = {
    "ahead": ("prefetched",),
    "batch": ("Block", "Chunk", "ColumnChunk", "Counts", "Extent", "Inserted", "Origin", "RecordChunk", "Reject"),
    "columns": ("Columns",),
    "engines.base": ("Ledger", "Reader", "Sink", "Source", "Transaction"),
    "event": ("Record", "decode_line", "dumps"),
    "progress": ("Progress",),
    "result": ("Result",),
    "schema": ("EventTable", "Table", "check_table_name"),
    "settings": ("Settings",),
    "store": ("Stats", "TelemetryStore", "get_store"),
    "timestamps": ("USUAL_TIME", "TimeRule"),
    "worker": ("Worker", "WorkerLost"),
}


def __getattr__(name: str) -> "Any":
    """Import a public name when it is first used: a process of ours may need one module of this package only."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    home = next((module for module, names in _HOMES.items() if name in names), "errors")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
