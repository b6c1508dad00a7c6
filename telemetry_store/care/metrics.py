"""The state of a database and its spool as metrics, in the text format that Prometheus reads.

Names and units follow prometheus.io/docs/practices/naming. Print it into a file of the node exporter's textfile
collector, or serve it; every figure is of the moment of the call.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from telemetry_store.care.doctor import Look, Severity
from telemetry_store.engines.sqlite.names import quoted
from telemetry_store.engines.sqlite.query import read_only

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from telemetry_store.care.doctor import Finding
    from telemetry_store.settings import Settings

Labels = tuple[tuple[str, str], ...]
_GRADES = {Severity.OK: 0, Severity.NOTE: 1, Severity.WARNING: 2, Severity.PROBLEM: 3}
_DAY = 86_400
#: From the evidence of a finding: code, key, metric, help.
_FIGURES = (
    ("D104", "free_bytes", "telemetry_disk_free_bytes", "Free space on the disk of the database."),
    ("D104", "free_inside_bytes", "telemetry_database_free_bytes", "Free pages inside the database file."),
    ("D104", "growth_bytes_per_day", "telemetry_database_growth_bytes_per_day", "Growth by the events of a week."),
    ("D204", "bytes", "telemetry_log_size_bytes", "Size of the write-ahead log."),
    ("D301", "bytes", "telemetry_spool_size_bytes", "Size of all segments in the spool."),
    ("D301", "limit_bytes", "telemetry_spool_limit_bytes", "Size that the spool may have."),
    ("D404", "gaps", "telemetry_spool_gaps", "Places that a loss of power left unreadable."),
)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric with its samples.

    Attributes:
        name: with its unit at the end.
        kind: how it moves.
        help: what it is, in a sentence.
        samples: labels → value.
    """

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    samples: dict[Labels, float]


def metrics(settings: Settings, findings: Iterable[Finding]) -> list[Metric]:
    """All metrics of a database.

    Args:
        settings: which.
        findings: of an examination of it.
    """
    found = list(findings)
    evidence: dict[str, dict[str, Any]] = {}
    for each in found:
        evidence.setdefault(each.code, each.evidence)
    return [each for each in (*_checks(found), *_files(settings), *_figures(evidence), *_counts(found, evidence),
                              *_tables(settings)) if each.samples]  # fmt: skip


def _checks(findings: list[Finding]) -> Iterator[Metric]:
    worst: dict[Labels, float] = {}
    for each in findings:
        labels = (("code", each.code), ("check", each.check))
        worst[labels] = max(worst.get(labels, 0), _GRADES[each.severity])
    yield Metric("telemetry_check_status", "gauge", "Worst finding: 0 ok, 1 note, 2 warning, 3 problem.", worst)


def _files(settings: Settings) -> Iterator[Metric]:
    size = os.stat(settings.database).st_size if os.path.exists(settings.database) else 0
    yield Metric("telemetry_database_size_bytes", "gauge", "Size of the database file.", {(): size})


def _figures(evidence: dict[str, dict[str, Any]]) -> Iterator[Metric]:
    for code, key, name, text in _FIGURES:
        value = evidence.get(code, {}).get(key)
        yield Metric(name, "gauge", text, {} if value is None else {(): value})
    days = evidence.get("D104", {}).get("days_left")
    text = "How long the disk lasts at this growth."
    yield Metric("telemetry_disk_left_seconds", "gauge", text, {} if days is None else {(): days * _DAY})
    if "D301" in evidence:
        age = evidence["D301"].get("oldest_age_seconds") or 0.0
        text = "Age of the oldest event that is not committed; 0 when none waits."
        yield Metric("telemetry_oldest_waiting_event_age_seconds", "gauge", text, {(): age})


def _counts(findings: list[Finding], evidence: dict[str, dict[str, Any]]) -> Iterator[Metric]:
    owners = {"living": evidence.get("D302", {}).get("living"), "dead": evidence.get("D302", {}).get("dead")}
    segments: dict[Labels, float] = {(("owner", name),): value for name, value in owners.items() if value is not None}
    yield Metric("telemetry_spool_segments", "gauge", "Segments in the spool.", segments)
    for code, name, label, text in (
        ("D401", "telemetry_rejected_events", "reason", "Events in _rejects, the most frequent reasons."),
        ("D402", "telemetry_dropped_events_total", "cause", "Events that a policy dropped."),
    ):
        counts: dict[str, float] = evidence.get(code, {}).get("by_reason", {})
        kind: Literal["gauge", "counter"] = "counter" if name.endswith("_total") else "gauge"
        yield Metric(name, kind, text, {((label, reason),): count for reason, count in counts.items()})
    lost: dict[Labels, float] = {(("table", each.evidence["table"]),): each.evidence["rows"] for each in findings
                                 if each.code == "D403" and each.evidence}  # fmt: skip
    yield Metric("telemetry_missing_rows", "gauge", "Rows that are gone and were not pruned.", lost)


def _tables(settings: Settings) -> Iterator[Metric]:
    rows: dict[Labels, float] = {}
    newest: dict[Labels, float] = {}
    if os.path.exists(settings.database):
        try:
            with read_only(settings.database, 5.0, guarded=False) as connection:
                look = Look(settings, connection)
                for table in look.tables.values():
                    labels = (("table", table.name),)
                    rows[labels] = look.one(f"SELECT count(*) FROM {quoted(table.name)}")
                    moment = _seconds(
                        look.one(f"SELECT max({quoted(table.time or 'rowid')}) FROM {quoted(table.name)}")
                    )
                    if moment is not None:
                        newest[labels] = moment
        except sqlite3.Error:
            rows.clear()
    yield Metric("telemetry_table_rows", "gauge", "Rows of an event table.", rows)
    yield Metric("telemetry_last_event_timestamp_seconds", "gauge", "Time of the newest event of a table.", newest)


def _seconds(text: object) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp() if isinstance(text, str) else None
    except ValueError:
        return None


def as_text(found: Iterable[Metric]) -> str:
    """Metrics in the text format, version 0.0.4."""
    lines = []
    for each in found:
        lines += [f"# HELP {each.name} {_escaped(each.help)}", f"# TYPE {each.name} {each.kind}"]
        for labels, value in each.samples.items():
            inside = ",".join(f'{name}="{_escaped(text, quote=True)}"' for name, text in labels)
            lines.append(f"{each.name}{{{inside}}} {value}" if inside else f"{each.name} {value}")
    return "".join(line + "\n" for line in lines)


def _escaped(text: str, *, quote: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quote else text
