"""A file of JSON lines is read.

Single lines of the file go to a JSON parser: a loop over the handle, ``readlines``, ``read().splitlines()``, a tail
with ``readline``. A file whose name promises JSON lines counts as well when it is read as text. These places break
when the file moves into a database.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.python.opening import Opening

CODE = "A201"
PARSES = "parses single lines as JSON"
NAMED = "reads a file named for JSON lines"
GIVEN = "is given files named for JSON lines and goes through their lines"


def counts_only(opening: Opening) -> bool:
    """Whether what was read is only compared, as in a test for an empty file."""
    return isinstance(opening.scope.parents.get(opening.call), ast.Compare)
