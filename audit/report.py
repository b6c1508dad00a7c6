"""The report of an audit, and its JSON form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.text import render

if TYPE_CHECKING:
    from audit.finding import FileFact, Finding, Target, Unparsed


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that an audit found.

    Args:
        root: The directory, as it was given.
        scanned: How many source files were read.
        seconds: How long it took.
        findings: Writers, call-sites and readers.
        files: Files of JSON lines on disk.
        targets: Findings and files brought together by target, most risky first.
        unparsed: Files that could not be read as source, and rules that failed.
        trace: The run that was brought in: command, status, seconds, processes, notes, and what opened JSON lines
            outside of the code; ``None`` without one.
    """

    root: str
    scanned: int
    seconds: float
    findings: tuple[Finding, ...]
    files: tuple[FileFact, ...]
    targets: tuple[Target, ...]
    unparsed: tuple[Unparsed, ...]
    trace: dict[str, Any] | None = None

    @property
    def writers(self) -> tuple[Finding, ...]:
        """Findings that write, and the call-sites of helpers that write."""
        return tuple(each for each in self.findings if each.mode != "read")

    @property
    def readers(self) -> tuple[Finding, ...]:
        """Findings that read, and the call-sites of helpers that read."""
        return tuple(each for each in self.findings if each.mode == "read")

    def summary(self) -> dict[str, Any]:
        """Figures of the whole report."""
        return {
            "scanned": self.scanned,
            "seconds": round(self.seconds, 3),
            "writers": sum(1 for each in self.writers if each.kind == "writer"),
            "call_sites": sum(1 for each in self.writers if each.kind == "call-site"),
            "readers": sum(1 for each in self.readers if each.kind == "reader"),
            "files": len(self.files),
            "targets": len(self.targets),
            "unknown_targets": sum(1 for each in self.writers if each.target_kind == "unknown"),
            "high_risk": sum(1 for each in self.targets if each.risk == "high"),
            "orphan_files": sum(1 for each in self.files if not each.writers and not each.readers),
            "unparsed": len(self.unparsed),
        }

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values, in version 1 of the format."""
        return {
            "version": 1,
            "root": self.root,
            "summary": self.summary(),
            "writers": [each.as_dict() for each in self.writers],
            "readers": [each.as_dict() for each in self.readers],
            "files": [each.as_dict() for each in self.files],
            "targets": [each.as_dict() for each in self.targets],
            "unparsed": [each.as_dict() for each in self.unparsed],
            **({"trace": self.trace} if self.trace is not None else {}),
        }

    def as_text(self) -> str:
        """The report for a terminal: targets by risk, each with its writers, readers, files, and why."""
        return render(self)
