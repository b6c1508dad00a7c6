"""Find every writer and reader of JSON lines in a codebase, and say how risky each is.

``audit(root)`` gives a ``Report``; ``Report.as_dict()`` is its JSON form and ``Report.as_text()`` its terminal form.
``explain(code)`` tells what a rule means. ``as_markdown``, ``as_sarif`` and ``as_audit_report`` are other forms of a
report; ``write_baseline`` and ``compare`` make a ratchet of it, and
``write_plan`` what a team reviews before it moves its events into tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.auditor import audit
    from audit.baseline import Comparison, compare, write_baseline
    from audit.finding import Finding
    from audit.formats import as_audit_report, as_markdown, as_sarif
    from audit.plan import Written, write_plan
    from audit.report import Report
    from audit.rules import explain

__all__ = [
    "Comparison",
    "Finding",
    "Report",
    "Written",
    "as_audit_report",
    "as_markdown",
    "as_sarif",
    "audit",
    "compare",
    "explain",
    "write_baseline",
    "write_plan",
]

_HOMES = {
    "Comparison": "baseline",
    "Finding": "finding",
    "Report": "report",
    "Written": "plan",
    "as_audit_report": "formats",
    "as_markdown": "formats",
    "as_sarif": "formats",
    "audit": "auditor",
    "compare": "baseline",
    "explain": "rules",
    "write_baseline": "baseline",
    "write_plan": "plan",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that importing the package costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
