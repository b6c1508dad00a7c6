"""A file of JSON lines is read.

Single lines of the file go to a JSON parser: a loop over the handle, ``readlines``, ``read().splitlines()``, a tail
with ``readline``. A file whose name promises JSON lines counts as well when it is read as text. These places break
when the file moves into a database.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from audit.handle import Opening, reads_lines

if TYPE_CHECKING:
    from audit.resolve import Resolver

CODE = "A201"


def check(opening: Opening, resolver: Resolver, *, named: bool) -> tuple[str, str] | None:
    """Judge an opening for reading.

    Args:
        opening: A call that opens a file for reading.
        resolver: Follows names and calls.
        named: Whether the file's name promises JSON lines.

    Returns:
        Confidence and reason, or ``None`` when it does not read JSON lines.
    """
    if reads_lines(opening, resolver):
        return "high", "parses single lines as JSON"
    if named and not _counts_only(opening):
        return "medium", "reads a file named for JSON lines"
    return None


def _counts_only(opening: Opening) -> bool:
    parent = opening.scope.parents.get(opening.call)
    return isinstance(parent, ast.Compare)
