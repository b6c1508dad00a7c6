"""Find every writer and reader of JSON lines in a codebase, and say how risky each is.

``audit(root)`` gives a ``Report``; ``Report.as_dict()`` is its JSON form and ``Report.as_text()`` its terminal form.
``explain(code)`` tells what a rule means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.auditor import audit
    from audit.finding import Finding
    from audit.report import Report
    from audit.rules import explain

__all__ = ["Finding", "Report", "audit", "explain"]

_HOMES = {"audit": "auditor", "Finding": "finding", "Report": "report", "explain": "rules"}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that importing the package costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
