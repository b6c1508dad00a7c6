"""Where rows end up: a folder for each engine, which the settings choose, and the contracts of all (`base.py`)."""

from __future__ import annotations

import os

from telemetry_store.errors import DatabaseMissing

TYPE_CHECKING = False  # the process of a contained query imports this, and has no time for `typing`
if TYPE_CHECKING:
    from telemetry_store.engines.abilities import Ageing, Checks, Copies
    from telemetry_store.engines.base import Sink
    from telemetry_store.settings import Settings


def is_there(settings: Settings) -> bool:
    """Whether there is a database, as far as can be told without asking it."""
    return os.path.exists(settings.database)


def existing(settings: Settings) -> Settings:
    """The settings, when there is such a database.

    Raises:
        DatabaseMissing: there is none.
    """
    if not is_there(settings):
        raise DatabaseMissing(f"there is no database at {settings.database}", "use --db, or set TELEMETRY_DB")
    return settings


def sink_for(settings: Settings) -> Sink:
    """The sink of a database."""
    from telemetry_store.engines.sqlite.sink import SqliteSink

    return SqliteSink(os.path.abspath(settings.database))


def ageing_for(settings: Settings) -> Ageing:
    """How old rows leave a database."""
    from telemetry_store.engines.sqlite.ageing import SqliteAgeing

    return SqliteAgeing(os.path.abspath(settings.database))


def copies_for(_settings: Settings) -> Copies:
    """How a database is copied, and put back."""
    from telemetry_store.engines.sqlite.copies import SqliteCopies

    return SqliteCopies()


def checks_for(_settings: Settings) -> Checks:
    """How a database is examined."""
    from telemetry_store.engines.sqlite.checks import SqliteChecks

    return SqliteChecks()
