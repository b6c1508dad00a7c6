"""All seven modules, switched over: what was a file, a path, a lock and a retention rule each is one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store import EventTable

if TYPE_CHECKING:
    from telemetry_store import TelemetryStore

PERMISSIONS = EventTable(
    "permission_events",
    {"agent_id": "TEXT", "event_type": "TEXT", "permission_level": "TEXT", "granted_by": "TEXT"},
    required=("agent_id", "event_type"),
    doc="Permissions that are granted to agents and taken away.",
)


def log_permission(store: TelemetryStore, agent_id: str, event_type: str, level: str) -> None:
    """Record one permission event."""
    store.declare(PERMISSIONS)
    store.record(
        "permission_events", agent_id=agent_id, event_type=event_type, permission_level=level, granted_by="0102"
    )


def log_confidence(store: TelemetryStore, agent_id: str, before: float, after: float) -> None:
    """Record a change of confidence."""
    store.record(
        "confidence_events", agent_id=agent_id, event_type="confidence", before_after=[before, after], confidence=after
    )


def log_message(store: TelemetryStore, session_id: str, agent_id: str, text: str) -> None:
    """Record a chat message."""
    store.record("chat_messages", session_id=session_id, agent_id=agent_id, text=text)


def log_step(
    store: TelemetryStore, session_id: str, agent_id: str, action: str, *, ok: bool, milliseconds: int
) -> None:
    """Record a step of a browser session."""
    fields = {
        "session_id": session_id,
        "agent_id": agent_id,
        "event_type": action,
        "ok": ok,
        "duration_ms": milliseconds,
    }
    store.record("selenium_sessions", fields)


def beat(store: TelemetryStore, daemon: str, number: int) -> None:
    """Record a heartbeat."""
    queues = {f"queue_{each}": each * number for each in range(700)}
    store.record("daemon_heartbeat", agent_id=daemon, event_type="heartbeat", beat=number, queues=queues)


def log_error(store: TelemetryStore, agent_id: str, message: str) -> None:
    """Record an error."""
    store.record("error_events", agent_id=agent_id, event_type="error", message=message)


def log_metric(store: TelemetryStore, name: str, value: float) -> None:
    """Record a figure; old ones are not rewritten away."""
    store.record("metrics_events", metric=name, value=value)
