"""The terminal form of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.finding import Finding, Target
    from audit.report import Report


def render(report: Report) -> str:
    """A report as text: figures, then targets by risk, then what could not be read."""
    figures = report.summary()
    by_id = {each.id: each for each in report.findings}
    lines = [
        (
            f"{report.root}: {figures['writers']} writers, {figures['call_sites']} call-sites,"
            f" {figures['readers']} readers of {figures['targets']} targets; {figures['files']} files on disk"
        ),
        f"{figures['scanned']} source files in {figures['seconds']:.1f} s",
    ]
    for risk in ("high", "medium", "low"):
        chosen = [each for each in report.targets if each.risk == risk]
        if chosen:
            lines += ["", f"{risk.upper()} RISK ({len(chosen)})"]
        for target in chosen:
            lines += _target(target, by_id)
    orphans = [each for each in report.files if not each.writers and not each.readers]
    if orphans:
        lines += [
            "",
            f"FILES THAT NO CODE FOUND HERE TOUCHES ({len(orphans)})",
            *(f"  {each.path}" for each in orphans),
        ]
    if report.unparsed:
        lines += ["", f"NOT READ ({len(report.unparsed)})"]
        lines += [f"  {each.path}:{each.line}  {each.code} {each.reason}" for each in report.unparsed]
    return "\n".join(lines) + "\n"


def _target(target: Target, by_id: dict[str, Finding]) -> list[str]:
    lines = ["", f"  {target.target}", f"    {target.domain} -> table {target.table}, priority {target.priority}"]
    for word, ids in (("writes", target.writers), ("reads", target.readers)):
        for each in (by_id[one] for one in ids):
            where = f" in {each.function}" if each.function else ""
            lines.append(f"    {word:6} {each.path}:{each.line}{where} ({each.mechanism}, {each.mode})")
    lines += [f"    file   {path}" for path in target.files]
    lines += [f"    why    {each.code} {each.message}" for each in target.evidence]
    return lines
