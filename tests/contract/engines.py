"""Every engine, for the suites of the contracts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from telemetry_store.engines.base import Sink

#: Its name → makes a sink in a folder.
ENGINES: dict[str, Callable[[Path], Sink]] = {"sqlite": lambda folder: SqliteSink(str(folder / "contract.db"))}
