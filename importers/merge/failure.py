"""What is raised when a merge cannot go on; the database is as it was before."""

from __future__ import annotations

from telemetry_store import TelemetryError


class MergeFailed(TelemetryError):
    """The merge was given up; the database is as it was before."""
