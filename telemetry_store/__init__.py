"""Telemetry Store: `store.record(table, event)` costs a microsecond, survives `kill -9`, and ends up in SQL."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

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

#: The modules of the names that are not errors.
_HOMES = {
    "EventTable": "schema",
    "Progress": "progress",
    "Settings": "settings",
    "TelemetryStore": "store",
    "get_store": "store",
}


def __getattr__(name: str) -> "Any":
    """Import a public name when it is first used: a process of ours may need one module of this package only."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
