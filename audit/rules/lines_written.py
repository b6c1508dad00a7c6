"""A file is opened for writing and receives JSON lines.

What the code does with the handle decides, not the name of the file: a document and a newline, in an append, in a
loop, or as a list of lines. One document that is pretty-printed, or that is written once to a truncated file, is not
JSON lines; neither are text lines. Where the content cannot be followed, a name such as ``events.jsonl`` decides, and
the confidence is lower.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from audit.handle import Opening, Use, written

if TYPE_CHECKING:
    from audit.resolve import Resolver

CODE = "A101"


def check(opening: Opening, resolver: Resolver, *, named: bool) -> tuple[str, list[Use], str] | None:
    """Judge an opening.

    Args:
        opening: A call that opens a file for writing.
        resolver: Follows names and calls.
        named: Whether the file's name promises JSON lines.

    Returns:
        Confidence, the writes, and the reason; ``None`` when the file does not receive JSON lines.
    """
    uses = written(opening, resolver)
    letters = "".join(use.letters for use in uses)
    lines = len(re.findall(r"(?:^|(?<=[NL?JT]))JN", letters))
    pure = re.search(r"(^|N)JN?", letters)
    if re.search(r"(^|N)JNJ", letters):
        return "high", uses, "writes JSON documents with a newline between them"
    if re.search(r"(^|N|J)JN", letters) and (opening.mode == "append" or lines > 1 or named or _loops(uses)):
        return "high", uses, "writes a JSON document and a newline"
    if named and pure and "P" not in letters:
        return "high", uses, "writes JSON documents to a file named for JSON lines"
    if pure and opening.mode == "append" and "P" not in letters and "T" not in letters:
        return "medium", uses, "appends JSON documents without a newline of their own"
    if set(letters) == {"L"} and _parses_here(opening):
        return "medium", uses, "copies lines that the same function parses as JSON"
    if named and "P" not in letters and ("L" in letters or "?" in letters):
        return "medium", uses, "writes lines that cannot be followed to a file named for JSON lines"
    if named and not uses and opening.mode == "append":
        return "low", uses, "opens a file named for JSON lines; what is written was not found"
    return None


def _parses_here(opening: Opening) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == "loads" for node in opening.scope.nodes)


def _loops(uses: list[Use]) -> bool:
    return any(use.loop and "J" in use.letters for use in uses)
