"""Other forms of a report: Markdown, SARIF, and the shape that the consolidation decision asked for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from audit.domain import domain
from audit.rules import RULES

if TYPE_CHECKING:
    from audit.report import Report


def as_markdown(report: Report) -> str:
    """A report as Markdown: one table of targets, then one section per target of high risk.

    Args:
        report: The report.
    """
    figures = report.summary()
    by_id = {each.id: each for each in report.findings}
    lines = [
        "# JSONL audit",
        "",
        (
            f"{figures['writers']} writers, {figures['call_sites']} call-sites and {figures['readers']} readers"
            f" of {figures['targets']} targets; {figures['files']} files on disk."
        ),
        "",
        "| target | risk | priority | domain | table | writers | readers | files |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in report.targets:
        cells = (_cell(each.target), each.risk, each.priority, each.domain, f"`{each.table}`")
        counts = (len(each.writers), len(each.readers), len(each.files))
        lines.append("| " + " | ".join([*cells, *map(str, counts)]) + " |")
    for each in (target for target in report.targets if target.risk == "high"):
        lines += ["", f"## {_cell(each.target)}", ""]
        lines += [f"- {reason.code}: {reason.message}" for reason in each.evidence]
        lines += [
            f"- {by_id[one].kind} `{by_id[one].path}:{by_id[one].line}`" for one in (*each.writers, *each.readers)
        ]
    if report.unparsed:
        lines += ["", "## Not read", "", *(f"- `{u.path}:{u.line}` {u.code} {u.reason}" for u in report.unparsed)]
    return "\n".join(lines) + "\n"


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
    rules = [
        {"id": rule.CODE, "shortDescription": {"text": (rule.__doc__ or "").strip().splitlines()[0]}} for rule in RULES
    ]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": "telemetry audit", "rules": rules}}, "results": results}],
    }


def _location(path: str, line: int) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": path}, "region": {"startLine": max(line, 1)}}}


def as_audit_report(report: Report) -> dict[str, Any]:
    """A report in the shape of the consolidation decision.

    Args:
        report: The report.

    Returns:
        ``total_jsonl_files``, ``files_by_domain``, ``concurrency_risks``, ``consolidation_candidates`` and
        ``proposed_db_tables``.
    """
    domains = Counter(domain(each.path)[0] for each in report.files)
    written = [each for each in report.targets if each.writers]
    return {
        "total_jsonl_files": len(report.files),
        "files_by_domain": dict(domains.most_common()),
        "concurrency_risks": [
            {"target": each.target, "risk": each.risk, "reasons": [one.message for one in each.evidence]}
            for each in written
            if each.risk != "low"
        ],
        "consolidation_candidates": [
            {"target": each.target, "priority": each.priority, "domain": each.domain, "writers": len(each.writers)}
            for each in written
        ],
        "proposed_db_tables": sorted({each.table for each in written}),
    }
