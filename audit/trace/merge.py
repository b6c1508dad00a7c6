"""A report and a trace brought together: what was unknown gets the files that were seen."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from audit.domain import domain
from audit.family import families
from audit.files import outline, profile
from audit.finding import Evidence, FileFact, Finding
from audit.pattern import matching
from audit.risk import link, targets
from audit.rules.overlap import CODE as OVERLAP
from audit.rules.seen import CODE as SEEN
from audit.trace.sources import Sources
from audit.walk import Entry, is_test

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.finding import Target
    from audit.report import Report
    from audit.trace.trace import Frame, Open, Trace

SHOWN = 20
"""So many of the files that were seen stand among a finding's alternatives."""
STACKS, DEEP = 3, 6
"""So many of the stacks that led to a place are told, and so many frames of each."""


@dataclass(slots=True)
class _Matches:
    """Which openings belong to which findings."""

    by_finding: defaultdict[str, list[Open]] = field(default_factory=lambda: defaultdict(list))
    strange: list[Open] = field(default_factory=list)


def merge(report: Report, trace: Trace) -> Report:
    """Put what was seen into a report.

    Args:
        report: What the sources and the disk say.
        trace: What a run of the program opened, of the same root.

    Returns:
        A report in which findings have the files that they were seen to open, and places that open JSON lines and were
        not found are findings of the mechanism ``traced``. Files, targets and risks are computed again.
    """
    sources = Sources(trace.root)
    matches = _matches(report.findings, trace, sources)
    sites = [each for each in report.findings if each.kind == "call-site"]
    findings: list[Finding] = []
    for finding in report.findings:
        opens = matches.by_finding.get(finding.id)
        if not opens:
            findings.append(finding)
            continue
        findings.append(_known(finding, opens))
        if not _settled(finding):
            findings += _further(finding, opens, sites, matches)
    findings += _strangers(matches.strange, sources)
    facts = _facts(report.files, trace)
    ordered = sorted(findings, key=lambda each: (each.path, each.line, each.kind))
    made = targets(ordered, facts)
    rated = _rated(ordered, made)
    return replace(report, findings=rated, files=link(facts, made), targets=made, trace=_told(trace))


def _told(trace: Trace) -> dict[str, Any]:
    """The run itself, with the JSON lines that no place in the project opened: a library, or ``python -c``."""
    foreign = [each for each in trace.opens if not each.place.path and each.content.kind == "json-lines"]
    outside = [{"file": each.file, "mode": each.mode, "lines": each.content.objects} for each in foreign]
    return {**trace.as_dict(), "outside": outside}


def _matches(findings: Sequence[Finding], trace: Trace, sources: Sources) -> _Matches:
    by_path: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_path[finding.path].append(finding)
    found = _Matches()
    for each in trace.opens:
        direct: dict[str, None] = {}
        for stack in each.stacks:
            # a place that opens for others is known by the call that the sources show to hold the handle
            reach = stack if each.content.kind == "json-lines" else stack[:1]
            hits = (_at(by_path[frame.path], frame, each, sources, sites=False) for frame in reach)
            direct |= dict.fromkeys(next(filter(None, hits), ()))
            for frame in stack[1:]:
                sites = _at(by_path[frame.path], frame, each, sources, sites=True)
                for name in sites:
                    if each not in found.by_finding[name]:
                        found.by_finding[name].append(each)
        for name in direct:
            found.by_finding[name].append(each)
        if not direct and each.place.path and each.content.kind == "json-lines":
            found.strange.append(each)
    return found


def _at(findings: Iterable[Finding], frame: Frame, opened: Open, sources: Sources, *, sites: bool) -> list[str]:
    """Ids of the findings that a frame of an opening's stack stands on."""
    reads = opened.mode == "read"
    near = [
        each
        for each in findings
        if (each.kind == "call-site") is sites
        and (each.mode == "read") is reads
        and sources[each.path].holds(each.line, frame.line)
    ]
    line = max((each.line for each in near), default=0)
    near = [each for each in near if each.line == line]
    if len(near) > 1:  # several calls on one line: those that name the file, else those that name none
        near = (
            [each for each in near if _solid(each) and _fits(each.target, opened.file)]
            or [each for each in near if not _solid(each)]
            or near
        )
    return [each.id for each in near]


def _solid(finding: Finding) -> bool:
    return finding.target_kind in ("literal", "pattern")


def _fits(target: str, file: str) -> bool:
    return bool(matching(target, [file]))


def _settled(finding: Finding) -> bool:
    """Whether the sources tell the target; a reader's parameter is told by its call-sites."""
    given = finding.target_kind == "parameter" and finding.kind == "reader" and len(finding.alternatives) > 1
    return given or _solid(finding)


def _known(finding: Finding, opens: Sequence[Open]) -> Finding:
    """A finding with what was seen."""
    found = families(each.file for each in opens)
    names = [each.target for each in found] + [each.file for each in opens]
    return replace(
        finding,
        target=finding.target if _settled(finding) else found[0].target,
        target_kind=finding.target_kind if _settled(finding) else found[0].kind,
        alternatives=tuple(dict.fromkeys([*finding.alternatives, *names[:SHOWN]])),
        context=_context(finding.context, opens),
        confidence="high" if any(each.content.kind == "json-lines" for each in opens) else finding.confidence,
        evidence=(*finding.evidence, *_evidence(opens)),
    )


def _further(finding: Finding, opens: Sequence[Open], sites: Sequence[Finding], matches: _Matches) -> Iterable[Finding]:
    """One finding more for each further target of a finding, unless a call-site tells that one."""
    told = [each for each in sites if (each.mode == "read") is (finding.mode == "read")]
    seen = {one.file for each in told for one in matches.by_finding.get(each.id, ())}
    for family in families(each.file for each in opens)[1:]:
        if finding.kind == "call-site" or all(
            name in seen or any(_solid(each) and _fits(each.target, name) for each in told) for name in family.files
        ):
            continue
        own = [each for each in opens if each.file in family.files]
        yield replace(
            _known(replace(finding, alternatives=()), own),
            id=_id(finding.path, finding.function, finding.kind, finding.mechanism, family.target),
        )


def _strangers(opens: Sequence[Open], sources: Sources) -> list[Finding]:
    """Findings for places that the sources did not show."""
    places: defaultdict[tuple[str, int, bool], list[Open]] = defaultdict(list)
    for each in opens:
        places[each.place.path, each.place.line, each.mode == "read"].append(each)
    found: dict[str, Finding] = {}
    for (path, line, reads), group in places.items():
        kind = "reader" if reads else "writer"
        function = sources[path].function(line)
        for family in families(each.file for each in group):
            own = [each for each in group if each.file in family.files]
            name = _id(path, function, kind, "traced", family.target)
            name += f"-{line}" if name in found else ""
            found[name] = Finding(
                id=name,
                path=path,
                line=line,
                kind=kind,
                function=function,
                language="python",
                mechanism="traced",
                mode="append" if any(each.mode == "append" for each in own) else own[0].mode,
                target=family.target,
                target_kind=family.kind,
                alternatives=tuple(dict.fromkeys([family.target, *family.files[:SHOWN]])),
                context=_context(("unknown",), own),
                test=is_test(path),
                confidence="high",
                evidence=tuple(_evidence(own)),
            )
    return list(found.values())


def _id(path: str, function: str, kind: str, mechanism: str, target: str) -> str:
    return hashlib.sha256(f"{path}|{function}|{kind}|{mechanism}|{target}".encode()).hexdigest()[:10]


def _context(known: Sequence[str], opens: Sequence[Open]) -> tuple[str, ...]:
    seen = ["multiprocess"] if any(len(each.processes) > 1 for each in opens) else []
    seen += ["thread"] if any(each.threads > 1 for each in opens) else []
    told = [way for way in known if way not in ("unknown", "single")]
    return tuple(dict.fromkeys([*told, *seen])) or tuple(known)


def _evidence(opens: Sequence[Open]) -> Iterable[Evidence]:
    count = sum(each.count for each in opens)
    pids = {pid for each in opens for pid in each.processes}
    lines = sum(each.content.objects for each in opens)
    keys = list(dict.fromkeys(name for each in opens for name in each.content.keys))
    held = f"; {_many(lines, 'JSON line')} with keys {', '.join(keys[:8])}" if lines else ""
    if not lines:
        held = f"; the content was {opens[0].content.kind}"
    yield Evidence(SEEN, f"seen at run time: {_many(count, 'open')} by {_many(len(pids), 'process', 'es')}{held}")
    stacks = dict.fromkeys(stack for each in opens for stack in each.stacks if len(stack) > 1)
    for stack in list(stacks)[:STACKS]:
        way = " < ".join(f"{frame.path}:{frame.line} in {frame.function}" for frame in stack[1:DEEP])
        yield Evidence(SEEN, f"seen through {way}" + " < …" * (len(stack) > DEEP))
    for word, how in (("same-time", "had it open for writing at the same time"), ("alternating", "opened it in turns")):
        hit = [each for each in opens if each.overlap == word]
        if hit:
            most = max(len(each.processes) for each in hit)
            who = f"{most} processes" if most > 1 else "this process and another one"
            yield Evidence(OVERLAP, f"{who} {how}: {', '.join(sorted({each.file for each in hit})[:3])}")


def _many(count: int, word: str, end: str = "s") -> str:
    return f"{count} {word}{'' if count == 1 else end}"


def _facts(files: Sequence[FileFact], trace: Trace) -> tuple[FileFact, ...]:
    """The files on disk as the run left them, with those of JSON lines that have another name than usual."""
    known = {each.path: each for each in files}
    entries: dict[str, Entry] = {}
    for each in trace.opens:
        full = os.path.join(trace.root, each.file)
        wanted = each.file in known or each.content.kind == "json-lines"
        if wanted and not os.path.isabs(each.file) and os.path.isfile(full):
            entries[each.file] = Entry(each.file, full, os.path.getsize(full), "")
    if files and not any(each.profiled for each in files):
        fresh = tuple(map(outline, entries.values()))
    else:
        fresh = profile(list(entries.values()))
    known |= {each.path: each for each in fresh}
    return tuple(known[path] for path in sorted(known))


def _rated(findings: Sequence[Finding], made: Sequence[Target]) -> tuple[Finding, ...]:
    of: dict[str, Target] = {}
    for target in made:
        for name in (*target.writers, *target.readers):
            of.setdefault(name, target)
    return tuple(
        replace(each, domain=of[each.id].domain, risk=of[each.id].risk)
        if each.id in of
        else replace(each, domain=domain(each.target)[0])
        for each in findings
    )
