"""The terminal form of a report."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from audit.domain import domain
from audit.overview import RISKS, Overview, by_directory, many, overview, size, told

if TYPE_CHECKING:
    from audit.finding import Finding, Target
    from audit.report import Report

FEW = 20
"""So many entries of the lists at the end are shown; the JSON form has all."""
_MEANING = {
    "high": "several places write it, or one appends while another truncates: move these first",
    "medium": "written from threads, coroutines or processes, or a record in two writes",
    "low": "one writer, and no sign of trouble",
}


def render(report: Report) -> str:
    """A report as text: figures, then targets by risk with their reasons, then what is not known or not read."""
    parts = overview(report)
    lines = _head(report, parts)
    for risk in RISKS:
        chosen = parts.risks[risk]
        if chosen:
            lines += ["", f"{risk.upper()} RISK ({len(chosen)}): {_MEANING[risk]}"]
        for target in chosen:
            lines += _target(target, parts)
    lines += _unknown(parts)
    lines += _tests(parts)
    lines += _untouched(parts)
    lines += _unread(report)
    codes = sorted({each.code for target in report.targets for each in target.evidence})
    if codes:
        lines += ["", f"What a code means: telemetry audit explain {codes[0]}"]
    return "\n".join(lines) + "\n"


def _head(report: Report, parts: Overview) -> list[str]:
    figures = report.summary()
    counts = (
        many(figures["writers"], "writer"),
        many(figures["call_sites"], "call-site") + " of helpers that write",
        many(figures["readers"], "reader"),
    )
    took = f"{many(figures['scanned'], 'source')} in {figures['seconds']:.1f} s"
    lines = [f"{report.root}: {', '.join(counts)}; {took}"]
    if report.files:
        lines.append("on disk: " + told(report.files).partition("; keys")[0])
    if report.trace:
        lines += _trace(report.trace)
    languages = Counter(each.language for each in report.findings)
    if set(languages) - {"python"}:
        lines.append("languages: " + ", ".join(f"{name} {count}" for name, count in languages.most_common()))
    rows = [(target.domain, target) for risk in RISKS for target in parts.risks[risk]]
    if len(rows) > 5:
        lines += ["", f"{'domain':18}{'targets':>8}{'high':>6}{'medium':>8}{'low':>5}{'files':>7}{'size':>10}"]
        counted = Counter(name for name, _ in rows)
        files = Counter(domain(each.path)[0] for each in report.files)
        for name in [*dict(counted.most_common()), *(each for each in files if each not in counted)]:
            risks = Counter(target.risk for each, target in rows if each == name)
            held = size(sum(each.bytes for each in report.files if domain(each.path)[0] == name))
            lines.append(
                f"{name:18}{counted[name]:>8}{risks['high']:>6}{risks['medium']:>8}{risks['low']:>5}"
                f"{files[name]:>7}{held:>10}"
            )
    return lines


def _trace(run: dict[str, Any]) -> list[str]:
    took = f"{run['seconds']:.1f} s, {many(run['processes'], 'process', 'es')}"
    lines = [f"traced: {' '.join(run['command'])}, status {run['status']}, {took}"]
    lines += [
        f"        {each['file']}: {each['mode']} by code outside of the project, {many(each['lines'], 'JSON line')}"
        for each in run["outside"]
    ]
    return lines + [f"        {note}" for note in run["notes"]]


def _target(target: Target, parts: Overview) -> list[str]:
    words = f" ({', '.join(target.domain_words[:2])})" if target.domain_words else ""
    lines = [
        "",
        f"  {target.target}",
        f"    {target.domain}{words} -> table {target.table}, priority {target.priority}",
    ]
    for each in target.evidence:
        message = each.message.partition(": ")[0] if each.code == "A301" else each.message
        lines.append(f"    why    {message} ({each.code})")
    for word, ids in (("writes", target.writers), ("reads", target.readers)):
        for finding in (parts.by_id[one] for one in ids if one in parts.by_id):
            lines += _finding(word, finding)
    facts = parts.facts(target)
    if len(facts) == 1 and facts[0].path == target.target:
        lines.append(f"    disk   {told(facts).partition('; ')[2]}")
    elif facts:
        lines.append(f"    disk   {told(facts)}")
        lines += [f"           {each.path}" for each in facts[:3]]
        lines += [f"           … and {len(facts) - 3} more"] * (len(facts) > 3)
    return lines


def _finding(word: str, finding: Finding) -> list[str]:
    where = f" in {finding.function}" if finding.function else ""
    notes = [finding.mechanism, *([finding.mode] if finding.mode != "read" else [])]
    notes += [f"{finding.confidence} confidence"] * (finding.confidence != "high")
    notes += ["lock held"] * finding.lock + ["test"] * finding.test
    lines = [f"    {word:6} {finding.path}:{finding.line}{where} ({', '.join(notes)})"]
    return [*lines, *(f"             {each.message}" for each in finding.evidence if each.code.startswith("A5"))]


def _unknown(parts: Overview) -> list[str]:
    if not parts.unknown:
        return []
    hint = "telemetry audit PATH --trace -- COMMAND sees them"
    lines = ["", f"FILE NOT KNOWN FROM THE SOURCES ({len(parts.unknown)}): {hint}", ""]
    for target in parts.unknown:
        for finding in parts.findings(target):
            if finding.kind != "call-site":
                word = "reads" if finding.mode == "read" else "writes"
                what = "its caller chooses" if finding.target_kind == "parameter" else "not known"
                lines += _finding(word, finding)
                lines.append(f"             {finding.target}: {what}; {finding.evidence[0].message}")
    return lines


def _tests(parts: Overview) -> list[str]:
    if not parts.tests:
        return []
    lines = ["", f"ONLY TESTS TOUCH ({len(parts.tests)})"]
    lines += [
        f"  {target.target}  {', '.join(f'{each.path}:{each.line}' for each in parts.findings(target)[:2])}"
        for target in parts.tests[:FEW]
    ]
    return [*lines, *_rest(len(parts.tests))]


def _untouched(parts: Overview) -> list[str]:
    if not parts.untouched:
        return []
    lines = ["", f"FILES THAT NO CODE FOUND HERE TOUCHES ({len(parts.untouched)})"]
    groups = by_directory(parts.untouched)
    for directory, facts in groups[:FEW]:
        if len(facts) > 3:
            lines.append(f"  {directory}/  {told(facts)}")
        else:
            lines += [f"  {each.path}  {told([each]).partition('; ')[2]}" for each in facts]
    return [*lines, *_rest(len(groups))]


def _unread(report: Report) -> list[str]:
    if not report.unparsed:
        return []
    lines = ["", f"DOES NOT PARSE ({len(report.unparsed)}): a tolerant pass read what it could"]
    lines += [f"  {each.path}:{each.line}  {each.reason} ({each.code})" for each in report.unparsed[:FEW]]
    return [*lines, *_rest(len(report.unparsed))]


def _rest(count: int) -> list[str]:
    return [f"  … and {count - FEW} more; --format json has all"] if count > FEW else []
