"""The state of a database and its spool as metrics, in the text format that Prometheus reads.

Names and units follow prometheus.io/docs/practices/naming. Print it into a file of the node exporter's textfile
collector, or serve it; every figure is of the moment of the call.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from telemetry_store.engines import sink_for
from telemetry_store.engines.names import quoted
from telemetry_store.errors import TelemetryError
from telemetry_store.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from telemetry_store.engines.base import Reader
    from telemetry_store.finding import Finding
    from telemetry_store.settings import Settings

#: Names and values.
Labels = tuple[tuple[str, str], ...]
_GRADES = {severity: grade for grade, severity in enumerate(Severity)}
#: How long the database is waited for, in seconds.
_TIMEOUT = 5.0
#: From the evidence of a finding: code, key, factor, metric, help.
_FIGURES = (
    ("D104", "free_bytes", 1, "telemetry_disk_free_bytes", "Free space on the disk of the database."),
    ("D104", "free_inside_bytes", 1, "telemetry_database_free_bytes", "Free pages inside the database file."),
    ("D104", "growth_bytes_per_day", 1, "telemetry_database_growth_bytes_per_day", "Growth by the events of a week."),
    ("D204", "bytes", 1, "telemetry_log_size_bytes", "Size of the write-ahead log."),
    ("D301", "bytes", 1, "telemetry_spool_size_bytes", "Size of all segments in the spool."),
    ("D301", "limit_bytes", 1, "telemetry_spool_limit_bytes", "Size that the spool may have."),
    ("D404", "gaps", 1, "telemetry_spool_gaps", "Places that a loss of power left unreadable."),
    ("D104", "days_left", 86_400, "telemetry_disk_left_seconds", "How long the disk lasts at this growth."),
)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its name with the unit at the end, how it moves, what it is in a sentence, its samples by labels."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    samples: dict[Labels, float]


def metrics(settings: Settings, findings: Iterable[Finding]) -> list[Metric]:
    """All metrics of a database, by the findings of an examination of it."""
    findings = list(findings)
    evidence = {finding.code: finding.evidence for finding in reversed(findings)}  # of a code the first counts
    groups = (_checks(findings), _figures(settings, evidence), _counts(findings, evidence), _tables(settings))
    return [metric for group in groups for metric in group if metric.samples]


def _checks(findings: list[Finding]) -> Iterator[Metric]:
    worst: dict[Labels, float] = {}
    for finding in findings:
        labels = (("code", finding.code), ("check", finding.check))
        worst[labels] = max(worst.get(labels, 0), _GRADES[finding.severity])
    yield Metric("telemetry_check_status", "gauge", "Worst finding: 0 ok, 1 note, 2 warning, 3 problem.", worst)


def _figures(settings: Settings, evidence: dict[str, dict[str, Any]]) -> Iterator[Metric]:
    size = os.stat(settings.database).st_size if os.path.exists(settings.database) else 0
    yield Metric("telemetry_database_size_bytes", "gauge", "Size of the database file.", {(): size})
    for code, key, factor, name, text in _FIGURES:
        value = evidence.get(code, {}).get(key)
        yield Metric(name, "gauge", text, {} if value is None else {(): value * factor})
    if "D301" in evidence:
        age = evidence["D301"].get("oldest_age_seconds") or 0.0
        text = "Age of the oldest event that is not committed; 0 when none waits."
        yield Metric("telemetry_oldest_waiting_event_age_seconds", "gauge", text, {(): age})


def _counts(findings: list[Finding], evidence: dict[str, dict[str, Any]]) -> Iterator[Metric]:
    owners = evidence.get("D302", {})
    segments: dict[Labels, float] = {(("owner", name),): owners[name] for name in ("living", "dead") if name in owners}
    yield Metric("telemetry_spool_segments", "gauge", "Segments in the spool.", segments)
    rejects, drops = (evidence.get(code, {}).get("by_reason", {}).items() for code in ("D401", "D402"))
    text = "Events in _rejects, the most frequent reasons."
    yield Metric("telemetry_rejected_events", "gauge", text, {(("reason", reason),): n for reason, n in rejects})
    text = "Events that a policy dropped."
    yield Metric("telemetry_dropped_events_total", "counter", text, {(("cause", cause),): n for cause, n in drops})
    missing = [finding.evidence for finding in findings if finding.code == "D403" and finding.evidence]
    lost: dict[Labels, float] = {(("table", table["table"]),): table["rows"] for table in missing}
    yield Metric("telemetry_missing_rows", "gauge", "Rows that are gone and were not pruned.", lost)


def _tables(settings: Settings) -> Iterator[Metric]:
    rows: dict[Labels, float] = {}
    newest: dict[Labels, float] = {}
    with contextlib.suppress(TelemetryError), sink_for(settings).reader(_TIMEOUT) as reader:
        rows = {(("table", name),): reader.catalogue.count(name) for name in sorted(reader.catalogue.written)}
        newest = dict(_newest(reader))
    yield Metric("telemetry_table_rows", "gauge", "Rows of an event table.", rows)
    yield Metric("telemetry_last_event_timestamp_seconds", "gauge", "Time of the newest event of a table.", newest)


def _newest(reader: Reader) -> Iterator[tuple[Labels, float]]:
    for name in sorted(reader.catalogue.written):
        time = reader.catalogue.tables[name].time
        text = reader.value(f"SELECT max({quoted(time)}) FROM {quoted(name)}") if time else None
        with contextlib.suppress(ValueError, TypeError):  # there is none, or something else in a table of others
            yield (("table", name),), datetime.fromisoformat(cast("str", text)).timestamp()


def as_text(metrics: Iterable[Metric]) -> str:
    """Metrics in the text format, version 0.0.4."""
    lines = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {_escaped(metric.help)}", f"# TYPE {metric.name} {metric.kind}"]
        for labels, value in metric.samples.items():
            inside = ",".join(f'{name}="{_escaped(text, quote=True)}"' for name, text in labels)
            lines.append(f"{metric.name}{{{inside}}} {value}" if inside else f"{metric.name} {value}")
    return "".join(line + "\n" for line in lines)


def _escaped(text: str, *, quote: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quote else text
