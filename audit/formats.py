"""Other forms of a report: Markdown, SARIF, and the shape that the consolidation decision asked for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from audit.domain import domain
from audit.overview import RISKS, Overview, by_directory, overview, told
from audit.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from audit.finding import FileFact, Finding, Target
    from audit.report import Report


def as_markdown(report: Report) -> str:
    """A report as Markdown: figures, one table of targets, a section per target of high or medium risk, open questions.

    Args:
        report: The report.
    """
    figures, parts = report.summary(), overview(report)
    lines = [
        "# JSONL audit",
        "",
        (
            f"{figures['writers']} writers, {figures['call_sites']} call-sites and {figures['readers']} readers"
            f" in {figures['scanned']} sources; {figures['files']} files on disk."
        ),
        "",
        "| target | risk | priority | domain | table | writers | readers | files |",
        "|---|---|---|---|---|---|---|---|",
    ]
    shown = [each for risk in RISKS for each in parts.risks[risk]]
    for each in shown:
        cells = (_cell(each.target), each.risk, each.priority, each.domain, f"`{each.table}`")
        counts = (len(each.writers), len(each.readers), len(each.files))
        lines.append("| " + " | ".join([*cells, *map(str, counts)]) + " |")
    for each in shown:
        if each.risk != "low":
            lines += ["", f"## {_cell(each.target)}", "", f"Risk {each.risk}, table `{each.table}`.", ""]
            lines += [f"- {reason.message.partition(': ')[0]} ({reason.code})" for reason in each.evidence]
            lines += [_place(finding) for finding in parts.findings(each)]
            lines += [f"- on disk: {told(parts.facts(each))}"] if each.files else []
    lines += _open_questions(report, parts)
    return "\n".join(lines) + "\n"


def _open_questions(report: Report, parts: Overview) -> list[str]:
    """What a person must look at: unknown files, files without code, sources that do not parse."""
    lines: list[str] = []
    if parts.unknown:
        lines += ["", "## File not known from the sources", ""]
        lines += [_place(finding) for target in parts.unknown for finding in parts.findings(target)]
    if parts.tests:
        lines += ["", "## Only in tests", "", *(f"- {_cell(each.target)}" for each in parts.tests)]
    if parts.untouched:
        lines += ["", "## Files that no code found here touches", ""]
        lines += [f"- `{directory}/`: {told(facts)}" for directory, facts in by_directory(parts.untouched)]
    if report.unparsed:
        lines += [
            "",
            "## Does not parse",
            "",
            *(f"- `{u.path}:{u.line}` {u.reason} ({u.code})" for u in report.unparsed),
        ]
    return lines


def _place(finding: Finding) -> str:
    where = f" in `{finding.function}`" if finding.function else ""
    seen = "".join(f"; {each.message}" for each in finding.evidence if each.code.startswith("A5"))
    return f"- {finding.kind} `{finding.path}:{finding.line}`{where} ({finding.mechanism}, {finding.mode}){seen}"


def _cell(text: str) -> str:
    return "`" + text.replace("|", "\\|").replace("`", "'") + "`"


def as_sarif(report: Report) -> dict[str, Any]:
    """A report as SARIF 2.1.0, with writers, readers and sources that were not read as results.

    Args:
        report: The report.
    """
    levels = {"high": "error", "medium": "warning", "low": "note"}
    results = [
        {
            "ruleId": each.evidence[0].code if each.evidence else "A101",
            "level": levels[each.risk] if each.mode != "read" else "note",
            "message": {"text": f"{each.kind} of {each.target}: " + "; ".join(one.message for one in each.evidence)},
            "locations": [_location(each.path, each.line)],
            "partialFingerprints": {"auditId/v1": each.id},
        }
        for each in report.findings
    ]
    results += [
        {
            "ruleId": each.code,
            "level": "warning",
            "message": {"text": each.reason},
            "locations": [_location(each.path, each.line)],
        }
        for each in report.unparsed
    ]
    driver = {"name": "telemetry audit", "rules": [_rule(rule) for rule in RULES]}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}],
    }


def _rule(rule: ModuleType) -> dict[str, Any]:
    text = (rule.__doc__ or "").strip()
    first, _, rest = text.partition("\n")
    return {
        "id": rule.CODE,
        "name": rule.__name__.rpartition(".")[2],
        "shortDescription": {"text": first},
        "fullDescription": {"text": " ".join(rest.split()) or first},
    }


def _location(path: str, line: int) -> dict[str, Any]:
    artifact = {"uri": quote(path), "uriBaseId": "%SRCROOT%"}
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": max(line, 1)}}}


def as_audit_report(report: Report) -> dict[str, Any]:
    """A report in the shape of the consolidation decision.

    Args:
        report: The report.

    Returns:
        ``total_jsonl_files``; ``files_by_domain`` with counts, sizes, the worst risk and the files;
        ``concurrency_risks`` and ``consolidation_candidates`` by target; ``proposed_db_tables`` with their keys.
    """
    parts = overview(report)
    written = [each for risk in RISKS for each in parts.risks[risk] if each.writers]
    return {
        "total_jsonl_files": len(report.files),
        "files_by_domain": _domains(report, parts),
        "concurrency_risks": [_risk(each, parts) for each in written if each.risk != "low"],
        "consolidation_candidates": [_candidate(each, parts) for each in written],
        "proposed_db_tables": _tables(written, parts),
    }


def _domains(report: Report, parts: Overview) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for name, _ in Counter(domain(each.path)[0] for each in report.files).most_common():
        facts = [each for each in report.files if domain(each.path)[0] == name]
        touching = [each for each in report.targets if set(each.files) & {fact.path for fact in facts}]
        found[name] = {
            "count": len(facts),
            "size_kb": round(sum(each.bytes for each in facts) / 1000, 1),
            "lines": sum(each.lines for each in facts),
            "locations": [directory for directory, _ in by_directory(facts)][:10],
            "concurrency_risk": min((each.risk for each in touching), key=RISKS.index, default="low"),
            "consolidation_priority": min((each.priority for each in touching), key=RISKS.index, default="low"),
            "files": [_file(each, parts) for each in facts],
        }
    return found


def _risk(target: Target, parts: Overview) -> dict[str, Any]:
    return {
        "target": target.target,
        "domain": target.domain,
        "risk": target.risk,
        "reasons": [each.message for each in target.evidence],
        "writers": _places(target, parts, "write"),
        "locked": all(each.lock for each in parts.findings(target) if each.mode != "read"),
    }


def _candidate(target: Target, parts: Overview) -> dict[str, Any]:
    return {
        "target": target.target,
        "domain": target.domain,
        "priority": target.priority,
        "risk": target.risk,
        "table": target.table,
        "writers": _places(target, parts, "write"),
        "readers": _places(target, parts, "read"),
        "files": len(target.files),
        "size_kb": round(sum(each.bytes for each in parts.facts(target)) / 1000, 1),
    }


def _tables(written: Sequence[Target], parts: Overview) -> list[dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {}
    for each in written:
        row = tables.setdefault(each.table, {"name": each.table, "domain": each.domain, "targets": [], "columns": []})
        row["targets"].append(each.target)
        names = (key.name for fact in parts.facts(each) for key in fact.keys)
        row["columns"] = list(dict.fromkeys([*row["columns"], *names]))
    return [tables[name] for name in sorted(tables)]


def _places(target: Target, parts: Overview, what: str) -> list[str]:
    ids = target.writers if what == "write" else target.readers
    return [f"{parts.by_id[each].path}:{parts.by_id[each].line}" for each in ids if each in parts.by_id]


def _file(fact: FileFact, parts: Overview) -> dict[str, Any]:
    return {
        "path": fact.path,
        "size_kb": round(fact.bytes / 1000, 1),
        "lines": fact.lines,
        "writers": [f"{parts.by_id[each].path}:{parts.by_id[each].line}" for each in fact.writers],
        "readers": [f"{parts.by_id[each].path}:{parts.by_id[each].line}" for each in fact.readers],
    }
