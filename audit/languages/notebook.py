"""Jupyter notebooks: their code cells as one Python source, each line where it stands in the file.

A notebook keeps a cell's source as a list of lines, which are written one below the other, so that the line of a
finding is the line of the ``.ipynb`` file. Where the JSON is written in another way, lines are counted in the cells,
one below the other. What only IPython understands is blanked.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import orjson

from audit.finding import Unparsed

_SOURCE = re.compile(r'^\s*"source": (\[\]|\[|"(?:[^"\\]|\\.)*"),?\s*$', re.MULTILINE)
_ITEM = re.compile(r'^\s*("(?:[^"\\]|\\.)*"),?\s*$')
_PYTHON_CELLS = frozenset({"time", "timeit", "capture", "prun", "python", "python3", "px", "debug"})
_SHELL_CELLS = frozenset({"bash", "sh", "script", "!"})


def cells(text: str, language: str) -> str:
    """The code of a notebook's cells of one language; empty without any.

    Args:
        text: The ``.ipynb`` file.
        language: ``python`` or ``shell``.
    """
    try:
        book = orjson.loads(text)
        found = _cells(book)
        kernel = book.get("metadata", {}).get("kernelspec", {}).get("language") or "python"
        info = book.get("metadata", {}).get("language_info", {}).get("name") or kernel
    except (orjson.JSONDecodeError, AttributeError, TypeError):
        return ""
    if "python" not in (kernel, info):
        return ""
    lines: list[str] = []
    for start, cell in _placed(text, found):
        code = [line.rstrip("\n") for line in cell]
        made = _python(code) if language == "python" else _shell(code)
        if start > len(lines) and any(made):
            lines += [""] * (start - 1 - len(lines)) + made
    return "\n".join(lines) + "\n" if lines else ""


def trouble(path: str, text: str) -> list[Unparsed]:
    """That a notebook is none, if so."""
    try:
        _cells(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        return [Unparsed(path, error.lineno, "A401", f"not a notebook: {error.msg}")]
    except (AttributeError, TypeError) as error:
        return [Unparsed(path, 0, "A401", f"not a notebook: {error}")]
    return []


def _cells(book: dict[str, Any]) -> list[tuple[bool, list[str]]]:
    """Every cell: whether it is code, and its lines."""
    sheets = book.get("worksheets") or [book]
    found = []
    for cell in (cell for sheet in sheets for cell in sheet.get("cells", ())):
        source = cell.get("source", cell.get("input", []))
        lines = source.splitlines(keepends=True) if isinstance(source, str) else list(map(str, source))
        found.append((cell.get("cell_type") == "code", lines))
    return found


def _placed(text: str, found: list[tuple[bool, list[str]]]) -> list[tuple[int, list[str]]]:
    """The code cells, each with the line on which it begins."""
    places = _in_file(text, found)
    if places is None:
        starts = [1]
        for _, lines in found:
            starts.append(starts[-1] + len(lines))
        places = starts[:-1]
    return [(start, lines) for start, (code, lines) in zip(places, found, strict=True) if code]


def _in_file(text: str, found: list[tuple[bool, list[str]]]) -> list[int] | None:
    """The line of the file on which each cell's source begins; ``None`` when it is not written line by line."""
    places = list(_SOURCE.finditer(text))
    if len(places) != len(found):
        return None
    rows = text.split("\n")
    starts: list[int] = []
    line, at = 1, 0
    for match, (_, lines) in zip(places, found, strict=True):
        line += text.count("\n", at, match.end(1))
        at = match.end(1)
        several = match[1] == "["
        for offset, wanted in enumerate(lines if several else ()):
            item = _ITEM.match(rows[line + offset]) if line + offset < len(rows) else None
            if item is None or orjson.loads(item[1]) != wanted:
                return None
        starts.append(line + several)
    if any(two <= one for one, two in pairwise(starts)):
        return None
    return starts


def _python(code: list[str]) -> list[str]:
    """A cell with what only IPython understands blanked; nothing of a cell in another language."""
    first = next((line for line in code if line.strip()), "")
    if first.startswith("%%") and (re.match(r"%%(\w*)", first) or [""])[1] not in _PYTHON_CELLS:
        return [""] * len(code)
    made: list[str] = []
    continued = False
    for line in code:
        bare = line.strip()
        magic = continued or bare.startswith(("%", "!", "?")) or bare.endswith("?")
        continued = magic and bare.endswith("\\")
        indent = line[: len(line) - len(line.lstrip())]
        if magic:
            made.append(indent + "pass" if indent else "")
        else:
            made.append(re.sub(r"^(\s*[\w, ]+=\s*)[%!].*", r"\1None", line))
    return made


def _shell(code: list[str]) -> list[str]:
    """The shell commands of a cell: all of it behind ``%%bash``, else the lines that begin with an exclamation mark."""
    first = next((line for line in code if line.strip()), "")
    name = re.match(r"%%(\w+|!)", first)
    if name and name[1] in _SHELL_CELLS:
        return ["" if line == first else line for line in code]
    if name:
        return [""] * len(code)
    return [found[1] if (found := re.match(r"\s*(?:[\w, ]+=\s*)?!(.*)", line)) else "" for line in code]
