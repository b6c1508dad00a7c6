"""Which sources do not parse, and a tolerant pass over those."""

from __future__ import annotations

import ast
import re
import symtable
import warnings

from audit.finding import Unparsed


def trouble(path: str, source: bytes) -> Unparsed | None:
    """Why a source does not parse, or ``None``; ``symtable`` parses without making a tree of Python objects."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            symtable.symtable(source, path, "exec")  # type: ignore[arg-type]
    except SyntaxError as error:
        return Unparsed(path, error.lineno or 0, "A401", error.msg or "does not parse")
    except (ValueError, RecursionError, MemoryError) as error:
        return Unparsed(path, 0, "A401", str(error) or type(error).__name__)
    return None


def tolerant(text: str, tries: int = 30) -> ast.Module | None:
    """A tree of a source that does not parse, made by blanking the lines that the parser refuses.

    Args:
        text: The source.
        tries: How many lines may be blanked.
    """
    lines = re.sub("[\x00\ufeff]", "", text).split("\n")
    for _ in range(tries):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse("\n".join(lines))
        except SyntaxError as error:
            at = (error.lineno or 1) - 1
            if at >= len(lines) or not lines[at].strip() or lines[at].strip() == "pass":
                return None
            lines[at] = lines[at][: len(lines[at]) - len(lines[at].lstrip())] + "pass"
        except (ValueError, RecursionError, MemoryError):
            return None
    return None
