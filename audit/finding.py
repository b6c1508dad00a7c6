"""What the audit finds: findings about code, facts about files, targets, and files it could not read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for a verdict.

    Args:
        code: The rule that gives the reason; ``explain(code)`` tells more.
        message: A sentence for a person.
    """

    code: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """The evidence as JSON values."""
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class Finding:
    """A place in the code that writes or reads JSON lines, or that chooses the file for one that does.

    Args:
        id: A short name that stays the same while the code around it moves.
        path: Source file relative to the root.
        line: Line of the call that opens the handle.
        kind: ``writer``, ``call-site`` or ``reader``.
        function: Qualified name of the enclosing function, empty at module level.
        language: ``python``, ``javascript``, …
        mechanism: How the file is opened, such as ``open-append`` or ``logging-handler``.
        mode: ``append``, ``truncate`` or ``read``.
        target: The file, relative to the root where that is known; ``{name}`` stands for a part that varies.
        target_kind: ``literal``, ``pattern``, ``parameter`` or ``unknown``.
        alternatives: Every file that the code may choose, the best known first.
        lock: Whether a lock is held around the call.
        context: ``thread``, ``async``, ``multiprocess``, ``single`` or ``unknown``.
        test: Whether the source file belongs to tests.
        confidence: ``high``, ``medium`` or ``low``.
        domain: What the events are about.
        risk: ``high``, ``medium`` or ``low``.
        evidence: The reasons.
    """

    id: str
    path: str
    line: int
    kind: str
    function: str
    language: str
    mechanism: str
    mode: str
    target: str
    target_kind: str
    alternatives: tuple[str, ...] = ()
    lock: bool = False
    context: tuple[str, ...] = ("unknown",)
    test: bool = False
    confidence: str = "high"
    domain: str = "other"
    risk: str = "low"
    evidence: tuple[Evidence, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON values, with the field names of the report format."""
        return {
            "id": self.id,
            "path": self.path,
            "line": self.line,
            "kind": self.kind,
            "function": self.function,
            "language": self.language,
            "mechanism": self.mechanism,
            "mode": self.mode,
            "target": self.target,
            "target_kind": self.target_kind,
            "alternatives": list(self.alternatives),
            "lock": self.lock,
            "context": list(self.context),
            "test": self.test,
            "confidence": self.confidence,
            "domain": self.domain,
            "risk": self.risk,
            "evidence": [each.as_dict() for each in self.evidence],
        }


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A file that could not be read as source, or on which a rule failed.

    Args:
        path: Source file relative to the root.
        line: Line of the trouble, 0 when there is none.
        code: The rule that says so.
        reason: What went wrong, in the words of the parser.
    """

    path: str
    line: int
    code: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """The entry as JSON values."""
        return {"path": self.path, "line": self.line, "code": self.code, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class KeyFact:
    """What is known of one key of the events in a file.

    Args:
        name: The key.
        count: Events that have it.
        fill: ``count`` as a part of all events, 0 to 1.
        types: JSON types of its values, by how often each was seen.
    """

    name: str
    count: int
    fill: float
    types: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """The fact as JSON values."""
        return {"name": self.name, "count": self.count, "fill": round(self.fill, 4), "types": self.types}


@dataclass(frozen=True, slots=True)
class FileFact:
    """What a file on disk holds.

    Args:
        path: Relative to the root.
        bytes: Size.
        lines: Lines that are not blank.
        bad: Lines that are not a JSON document.
        events: Lines that are a JSON object.
        keys: The keys of the objects, most frequent first.
        time_field: The key that says when, or an empty string.
        time_kind: ``iso``, ``iso-naive``, ``epoch-s``, ``epoch-ms``, ``epoch-us``, ``epoch-ns`` or an empty string.
        modified: Last write, UTC, ISO 8601.
        duplicate_of: Path of an earlier file with the same bytes, or an empty string.
        fields: Fields in the path that a target's pattern names, with their values here.
        profiled: Whether the content was read.
        writers: Ids of the findings that write it.
        readers: Ids of the findings that read it.
    """

    path: str
    bytes: int
    lines: int = 0
    bad: int = 0
    events: int = 0
    keys: tuple[KeyFact, ...] = ()
    time_field: str = ""
    time_kind: str = ""
    modified: str = ""
    duplicate_of: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    profiled: bool = False
    writers: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The fact as JSON values."""
        return {
            "path": self.path,
            "bytes": self.bytes,
            "lines": self.lines,
            "bad": self.bad,
            "events": self.events,
            "keys": [key.as_dict() for key in self.keys],
            "time_field": self.time_field,
            "time_kind": self.time_kind,
            "modified": self.modified,
            "duplicate_of": self.duplicate_of,
            "fields": self.fields,
            "profiled": self.profiled,
            "writers": list(self.writers),
            "readers": list(self.readers),
        }


@dataclass(frozen=True, slots=True)
class Target:
    """One file, or one family of files, with everything that touches it.

    Args:
        target: The path or pattern.
        writers: Ids of findings that write it, call-sites included.
        readers: Ids of findings that read it.
        files: Paths on disk that match.
        domain: What the events are about.
        domain_words: The words that decided the domain.
        table: Proposed table name.
        risk: ``high``, ``medium`` or ``low``.
        priority: ``high``, ``medium`` or ``low``: in which order to move it.
        evidence: The reasons for risk and priority.
    """

    target: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    files: tuple[str, ...]
    domain: str
    domain_words: tuple[str, ...]
    table: str
    risk: str
    priority: str
    evidence: tuple[Evidence, ...]

    def as_dict(self) -> dict[str, Any]:
        """The target as JSON values."""
        return {
            "target": self.target,
            "writers": list(self.writers),
            "readers": list(self.readers),
            "files": list(self.files),
            "domain": self.domain,
            "domain_words": list(self.domain_words),
            "table": self.table,
            "risk": self.risk,
            "priority": self.priority,
            "evidence": [each.as_dict() for each in self.evidence],
        }
