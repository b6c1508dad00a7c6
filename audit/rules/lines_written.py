"""A file is opened for writing and receives JSON lines.

What the code does with the handle decides, not the name of the file: a document and a newline, in an append, in a
loop, or as a list of lines. One document that is pretty-printed, or that is written once to a truncated file, is not
JSON lines; neither are text lines. Where the content cannot be followed, a name such as ``events.jsonl`` decides, and
the confidence is lower.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.python.handle import Use
    from audit.python.module import Scope

CODE = "A101"


def check(mode: str, uses: Sequence[Use], scope: Scope, *, named: bool, escaped: bool) -> tuple[str, str] | None:
    """Judge what is written to one file.

    Args:
        mode: ``append`` or ``truncate``.
        uses: The writes, in source order.
        scope: Where the file is opened.
        named: Whether its name promises JSON lines.
        escaped: Whether its handle went where it cannot be followed.

    Returns:
        Confidence and reason; ``None`` when the file does not receive JSON lines.
    """
    letters = "".join(_unrolled(uses)).replace("V", "?")
    if "F" in letters:
        return None
    if re.search(r"(^|N)JNJ", letters):
        return "high", "writes JSON documents with a newline between them"
    if re.search(r"(^|N)O\??JN", letters):
        return "high", "rewrites what was there with one JSON document and a newline more"
    line = re.search(r"(^|N|J)JN", letters)
    if line and (mode == "append" or named):
        return "high", "writes a JSON document and a newline"
    return _less_sure(mode, letters, scope, named=named, escaped=escaped and not uses)


def is_one_line(uses: Sequence[Use]) -> bool:
    """Whether a document and a newline is all that is written, once."""
    return "".join(_unrolled(uses)) == "JN"


def _less_sure(mode: str, letters: str, scope: Scope, *, named: bool, escaped: bool) -> tuple[str, str] | None:
    documents = re.search(r"(^|N)JN?", letters) and "P" not in letters
    if documents and named:
        return "high", "writes JSON documents to a file named for JSON lines"
    if documents and mode == "append" and "T" not in letters:
        return "medium", "appends JSON documents without a newline of their own"
    if letters and set(letters) == {"L"} and _parses_here(scope):
        return "medium", "copies lines that the same function parses as JSON"
    if named and "P" not in letters and ("L" in letters or "?" in letters):
        return "medium", "writes lines that cannot be followed to a file named for JSON lines"
    if named and escaped and not letters and mode == "append":
        return "low", "opens a file named for JSON lines; what is written was not found"
    return None


def _unrolled(uses: Iterable[Use]) -> list[str]:
    """The letters of the writes; those that a loop repeats stand twice."""
    parts: list[str] = []
    for repeated, group in itertools.groupby(uses, key=lambda use: use.loop):
        letters = "".join(use.letters for use in group)
        parts.append(letters * 2 if repeated else letters)
    return parts


def _parses_here(scope: Scope) -> bool:
    return any(name in scope.loads for name in (".loads", "loads"))
