"""The rules of the audit: one rule, one file, whose docstring is its user documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.rules import (
    call_site,
    crashed,
    glued_lines,
    json_log_handler,
    line_library,
    lines_read,
    lines_written,
    mixed_modes,
    overlap,
    parallel,
    seen,
    several_writers,
    split_write,
    syntax,
    unlocked,
    unresolved,
)

if TYPE_CHECKING:
    from types import ModuleType

RULES: tuple[ModuleType, ...] = (
    lines_written,
    json_log_handler,
    line_library,
    call_site,
    unresolved,
    lines_read,
    several_writers,
    mixed_modes,
    parallel,
    split_write,
    glued_lines,
    unlocked,
    syntax,
    crashed,
    seen,
    overlap,
)
"""Every rule, in the order of their codes."""


def explain(code: str) -> str:
    """The documentation of a rule.

    Args:
        code: Such as ``A101``, in any case.

    Returns:
        The text, with the code before it.

    Raises:
        KeyError: There is no rule of that code; the message lists those that exist.
    """
    known = {rule.CODE: rule for rule in RULES}
    rule = known.get(code.upper())
    if rule is None:
        raise KeyError(f"no rule {code!r}; known: {', '.join(sorted(known))}")
    return f"{rule.CODE}: {(rule.__doc__ or '').strip()}"
