"""Telemetry Store: `store.record(table, event)` costs a microsecond, survives `kill -9`, and ends up in SQL."""

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
from telemetry_store.progress import Progress
from telemetry_store.schema import EventTable
from telemetry_store.settings import Settings
from telemetry_store.store import TelemetryStore, get_store

__version__ = "0.1.0"

__all__ = [
    "DatabaseBusy",
    "DatabaseError",
    "DatabaseFull",
    "DatabaseMissing",
    "DatabaseNewer",
    "DatabaseReadOnly",
    "DeclarationError",
    "EventError",
    "EventTable",
    "NotADatabase",
    "Progress",
    "QueryError",
    "QueryStopped",
    "Settings",
    "SettingsError",
    "SpoolError",
    "SpoolFull",
    "SpoolNewer",
    "SpoolUnwritable",
    "StoreClosed",
    "TableNameError",
    "TelemetryError",
    "TelemetryStore",
    "UsageError",
    "get_store",
]
