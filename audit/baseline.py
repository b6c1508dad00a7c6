"""A ratchet: writers that are known, and the places where a waiver says why one may stay."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from audit.finding import Finding
    from audit.report import Report

WAIVER = re.compile(r"(?:#|//)\s*audit:\s*allow\b\s*(.*)")
"""``# audit: allow <reason>``, or ``//``, on the line of the call, or on the line above it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A report beside a baseline.

    Args:
        new: Writers that the baseline does not know and no waiver allows.
        gone: Ids that the baseline knows and the report has no more.
        waived: Writers that a waiver allows, with its reason.
        bare: Writers whose waiver gives no reason; they are in ``new`` as well.
    """

    new: tuple[Finding, ...]
    gone: tuple[str, ...]
    waived: tuple[tuple[Finding, str], ...] = ()
    bare: tuple[Finding, ...] = field(default=())


def compare(report: Report, baseline: Path) -> Comparison:
    """Compare a report with a baseline, and shrink the baseline when writers have gone.

    Args:
        report: What was found now.
        baseline: The file; one that does not exist knows no writers and is not made.

    Returns:
        What is new, gone and waived.

    Raises:
        ValueError: The file is not a baseline.
    """
    known = _load(baseline)
    writers = [each for each in report.writers if not each.test]
    reasons = _reasons(Path(report.root), writers)
    waived = tuple((each, reasons[each.id] or "") for each in writers if reasons[each.id])
    new = tuple(each for each in writers if each.id not in known and not reasons[each.id])
    gone = tuple(sorted(known - {each.id for each in writers}))
    if gone:
        _save(baseline, [each for each in writers if each.id in known])
    return Comparison(new, gone, waived, tuple(each for each in new if reasons[each.id] == ""))


def write_baseline(report: Report, baseline: Path) -> int:
    """Write a baseline that knows every writer of a report outside tests.

    Args:
        report: What was found.
        baseline: The file to make or replace.

    Returns:
        How many writers it knows.
    """
    writers = [each for each in report.writers if not each.test]
    _save(baseline, writers)
    return len(writers)


def _reasons(root: Path, writers: list[Finding]) -> dict[str, str | None]:
    """The waiver of each writer by its id; one of a helper allows the call-sites that choose its file, too."""
    reasons = {each.id: waiver(root, each) for each in writers}
    helpers = {f"{each.path}:{each.line}": reasons[each.id] for each in writers if each.kind == "writer"}
    for each in writers:
        if each.kind == "call-site" and reasons[each.id] is None:
            reasons[each.id] = next((helpers.get(one.message.rpartition(" ")[2]) for one in each.evidence), None)
    return reasons


def waiver(root: Path, finding: Finding) -> str | None:
    """The reason of the waiver beside a finding, empty when it gives none; ``None`` when there is no waiver."""
    try:
        lines = (root / finding.path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines[max(finding.line - 2, 0) : finding.line]:
        found = WAIVER.search(line)
        if found:
            return found.group(1).strip()
    return None


def _load(baseline: Path) -> set[str]:
    if not baseline.exists():
        return set()
    try:
        return {each["id"] for each in orjson.loads(baseline.read_bytes())["writers"]}
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{baseline} is not an audit baseline: {error}") from error


def _save(baseline: Path, writers: list[Finding]) -> None:
    rows = [{"id": each.id, "path": each.path, "target": each.target} for each in writers]
    text = orjson.dumps({"version": 1, "writers": rows}, option=orjson.OPT_INDENT_2)
    part = baseline.with_name(baseline.name + ".part")
    part.write_bytes(text + b"\n")
    os.replace(part, baseline)
