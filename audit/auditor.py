"""The audit of a tree, from its files to the report."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from audit.domain import domain
from audit.files import is_line_file, outline, profile
from audit.finding import Finding, Target, Unparsed
from audit.pattern import key
from audit.report import Report
from audit.risk import link, targets
from audit.shard import scan
from audit.walk import LARGEST_SOURCE, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from audit.shard import StartWorker

_profile = profile


def audit(
    root: Path,
    *,
    exclude: Sequence[str] = (),
    profile: bool = True,
    progress: Callable[[int, int], None] | None = None,
    cache: Path | None = None,
    start: StartWorker | None = None,
) -> Report:
    """Find every writer and reader of JSON lines below a directory.

    Args:
        root: The directory.
        exclude: Globs of paths relative to the root, or of single names, to leave out.
        profile: Whether to read the files of JSON lines on disk; without, only their sizes are known.
        progress: Called with how many source files are done and how many there are.
        cache: A directory in which results are kept by content, so that the next audit reads only what has changed.
        start: Makes a second process for many sources, as ``telemetry_store.worker.Worker`` does; None for one alone.

    Returns:
        The report. A source that does not parse and a rule that fails are entries in it, never an exception.

    Raises:
        NotADirectoryError: ``root`` is not a directory.
    """
    if not os.path.isdir(root):
        raise NotADirectoryError(f"{root} is not a directory")
    begin = time.perf_counter()
    entries = list(walk(Path(root), exclude))
    unparsed: list[Unparsed] = []
    sources: dict[str, str] = {}
    for entry in entries:
        if entry.language and entry.size <= LARGEST_SOURCE:
            sources[entry.path] = entry.full
            if not os.access(entry.full, os.R_OK):
                unparsed.append(Unparsed(entry.path, 0, "A401", "may not be read"))
        elif entry.language:
            unparsed.append(Unparsed(entry.path, 0, "A401", f"{entry.size} bytes are more than a source file has"))
    results = scan(sources, progress, cache, start)
    unparsed += [each for result in results for each in result.unparsed]
    disk = [entry for entry in entries if is_line_file(entry)]
    facts = _profile(disk) if profile else tuple(outline(entry) for entry in disk)
    findings = _numbered(each for result in results for each in result.findings)
    made = targets(findings, facts)
    rated = tuple(_rated(each, made) for each in findings)
    seconds = time.perf_counter() - begin
    return Report(
        str(root), len(sources), seconds, rated, link(facts, made), made, tuple(sorted(unparsed, key=lambda u: u.path))
    )


def _numbered(found: Iterable[Finding]) -> list[Finding]:
    """In order of their places; of those that would have the same id, the second gets a 2, and so on."""
    counts: Counter[str] = Counter()
    findings: list[Finding] = []
    for each in sorted(found, key=lambda each: (each.path, each.line, each.kind, each.id)):
        base = each.id.partition("-")[0]
        counts[base] += 1
        findings.append(replace(each, id=base if counts[base] == 1 else f"{base}-{counts[base]}"))
    return findings


def _rated(finding: Finding, made: Sequence[Target]) -> Finding:
    about = domain(finding.target)[0]
    for target in made:
        if finding.id in target.writers or finding.id in target.readers:
            return replace(finding, domain=target.domain, risk=target.risk)
    return replace(finding, domain=about if key(finding.target).strip("*/.") else "other")
