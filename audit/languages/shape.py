"""What is written to a file, as text with signs for what varies, and whether that is JSON lines."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from audit.finding import Evidence
from audit.rules.glued_lines import CODE as GLUED
from audit.rules.split_write import CODE as SPLIT

if TYPE_CHECKING:
    from collections.abc import Sequence

DOCUMENT, UNKNOWN, PRETTY = "\x01", "\x02", "\x03"
"""Stand for a document on one line, for what cannot be followed, and for a pretty-printed document."""


def letters(shape: str) -> str:
    """The letters of a shape: ``J`` a document on one line, ``P`` a pretty one, ``N``, ``T`` text, ``?`` unknown."""
    found: list[str] = []
    for line in re.split(r"\r?\n", shape[:20000]):
        bare = line.strip()
        if PRETTY in bare:
            found.append("P")
        elif bare == DOCUMENT or (bare[:1] == "{" and bare.endswith("}") and re.match(r"""\{\s*(?:"|\x02|\})""", bare)):
            found.append("J")
        elif not bare:
            found.append("")
        else:
            found.append("?" if not bare.strip(UNKNOWN + DOCUMENT) else "T")
    return "N".join(found)


def preferred(shapes: list[str]) -> str:
    """The shape that says most: one with a document, else one that is not empty."""
    return next((each for each in shapes if DOCUMENT in each), "") or next((each for each in shapes if each), "")


def write_risks(writes: Sequence[str]) -> tuple[Evidence, ...]:
    """What may go wrong with the lines of a file.

    Args:
        writes: The letters of each write, in order.
    """
    if any(one.endswith("J") and other.startswith("N") for one, other in pairwise(writes)):
        return (Evidence(SPLIT, "the record and its newline are written by two calls"),)
    whole = "".join(writes)
    return (Evidence(GLUED, "no newline is written between documents"),) if "J" in whole and "N" not in whole else ()


def content_verdict(letters: str, mode: str, *, promised: bool, loop: bool) -> tuple[str, str] | None:
    """Judge what a file receives.

    Args:
        letters: What is written, in order: ``J`` a document on one line, ``P`` a pretty-printed one, ``N`` a newline,
            ``T`` text, ``?`` what cannot be followed.
        mode: ``append`` or ``truncate``.
        promised: Whether the file's name promises JSON lines.
        loop: Whether the write is repeated while the file is open.

    Returns:
        Confidence and reason, or ``None`` when the file does not receive JSON lines.
    """
    if re.search(r"(^|N)JNJ", letters):
        return "high", "writes JSON documents with a newline between them"
    if re.search(r"(^|N|J)JN", letters) and (mode == "append" or loop or promised):
        return "high", "writes a JSON document and a newline"
    if "P" in letters or (letters and not set(letters) & set("J?")):
        return None
    if promised and re.search(r"(^|N)J", letters):
        return "high", "writes JSON documents to a file named for JSON lines"
    if mode == "append" and letters and set(letters) == {"J"}:
        return "medium", "appends JSON documents without a newline of their own"
    if promised and "?" in letters:
        confidence = "medium" if "N" in letters else "low"
        return confidence, "writes what cannot be followed to a file named for JSON lines"
    if promised and not letters and mode == "append":
        return "low", "opens a file named for JSON lines; what is written was not found"
    return None
