"""A report sorted for people: known targets by risk, those whose file is not known, those of tests, files left over."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.finding import FileFact, Finding, Target
    from audit.report import Report

RISKS = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Overview:
    """The parts of a report.

    Args:
        by_id: Findings by id.
        files: Files on disk by path.
        risks: Targets that code outside of tests touches and whose file is known, by risk.
        unknown: Targets whose file the sources do not tell.
        tests: Targets that only tests touch.
        untouched: Files that no code found touches.
    """

    by_id: dict[str, Finding]
    files: dict[str, FileFact]
    risks: dict[str, list[Target]]
    unknown: list[Target]
    tests: list[Target]
    untouched: list[FileFact]

    def findings(self, target: Target) -> list[Finding]:
        """The findings of a target, writers first."""
        return [self.by_id[each] for each in (*target.writers, *target.readers) if each in self.by_id]

    def facts(self, target: Target) -> list[FileFact]:
        """The files on disk of a target."""
        return [self.files[each] for each in target.files if each in self.files]


def overview(report: Report) -> Overview:
    """The parts of a report.

    Args:
        report: The report.
    """
    made = Overview(
        {each.id: each for each in report.findings},
        {each.path: each for each in report.files},
        {risk: [] for risk in RISKS},
        [],
        [],
        [each for each in report.files if not each.writers and not each.readers],
    )
    for target in report.targets:
        found = made.findings(target)
        if found and all(each.test for each in found):
            made.tests.append(target)
        elif found and all(_untold(each) for each in found):
            made.unknown.append(target)
        elif found:
            made.risks[target.risk].append(target)
    return made


def _untold(finding: Finding) -> bool:
    given = finding.kind == "reader" and len(finding.alternatives) > 1
    return finding.target_kind in ("unknown", "parameter") and not given


def size(count: float) -> str:
    """A number of bytes for people: ``3.4 MB``."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return ""


def many(count: int, word: str, end: str = "s") -> str:
    """A count with its word: ``1 writer``, ``2 writers``."""
    return f"{count:,} {word}{'' if count == 1 else end}".replace(",", " ")


def told(facts: Iterable[FileFact]) -> str:
    """What some files hold, in one line."""
    facts = list(facts)
    parts = [many(len(facts), "file"), size(sum(each.bytes for each in facts))]
    known = [each for each in facts if each.profiled]
    if known:
        bad = sum(each.bad for each in known)
        parts.append(many(sum(each.lines for each in known), "line") + (f" ({bad} bad)" if bad else ""))
        keys: Counter[str] = Counter()
        for each in known:
            for key in each.keys:
                keys[key.name] += key.count
        names = [name for name, _ in keys.most_common(6)]
        parts += ["keys " + ", ".join(names) + (" …" if len(keys) > len(names) else "")] if names else []
        times = dict.fromkeys(f"{each.time_field} ({each.time_kind})" for each in known if each.time_field)
        parts += ["time " + ", ".join(list(times)[:2])] if times else []
    last = max((each.modified for each in facts), default="")
    return "; ".join([*parts, f"last write {last[:10]}"] if last else parts)


def by_directory(facts: Iterable[FileFact]) -> list[tuple[str, list[FileFact]]]:
    """Files by their directories, in order."""
    groups: dict[str, list[FileFact]] = {}
    for each in facts:
        groups.setdefault(os.path.dirname(each.path) or ".", []).append(each)
    return sorted(groups.items())
