"""D401: what could not be stored, by reason. `telemetry rejects` shows it, and tries again what was mended.

D402: events that were dropped by the policy that the user chose (`backlog_policy = "drop"`), by cause.

D404: places in segments that a loss of power left unreadable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry_store.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.engines.base import Reader

#: How the drain words the reason of a gap.
_GAP = "%unreadable: NULs among the lines%"


def check(reader: Reader) -> Iterator[Finding]:
    """What was kept back, dropped, or lost with the power."""
    if "_rejects" in reader.catalogue.system:
        select = "SELECT reason, count(*) FROM _rejects WHERE reason NOT LIKE ? GROUP BY 1 ORDER BY 2 DESC"
        yield _counted("D401", "rejects", dict(reader.rows(select, (_GAP,))), "see `telemetry rejects`")
        gaps = reader.value("SELECT count(*) FROM _rejects WHERE reason LIKE ?", _GAP)
        if gaps:
            message = f"{gaps} places in segments that a loss of power left unreadable"
            hint = "what was recorded in the last half second before it may be missing; see _rejects"
            yield Finding("D404", "gaps", Severity.WARNING, message, hint, {"gaps": gaps})
        else:
            yield Finding("D404", "gaps", Severity.OK, "none")
    if "_drops" in reader.catalogue.system:
        rows = reader.rows("SELECT cause, sum(count) FROM _drops GROUP BY 1 ORDER BY 2 DESC")
        yield _counted("D402", "drops", dict(rows), "raise backlog_limit, drain more often, or choose another policy")


def _counted(code: str, name: str, counts: dict[str, int], hint: str) -> Finding:
    total = sum(counts.values())
    if not total:
        return Finding(code, name, Severity.OK, "none", evidence={"total": 0})
    most = "; ".join(f"{count} × {reason}" for reason, count in list(counts.items())[:3])
    evidence = {"total": total, "by_reason": dict(list(counts.items())[:20])}
    return Finding(code, name, Severity.WARNING, f"{total}: {most}", hint, evidence)
