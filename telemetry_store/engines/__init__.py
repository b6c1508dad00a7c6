"""Where rows end up: a folder for each database engine, and the contracts that they all keep (`base.py`)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telemetry_store.engines.base import Sink
    from telemetry_store.settings import Settings


def sink_for(settings: Settings) -> Sink:
    """The sink of the engine that the settings name by their database."""
    from telemetry_store.engines.sqlite.sink import SqliteSink

    return SqliteSink(os.path.abspath(settings.database))
