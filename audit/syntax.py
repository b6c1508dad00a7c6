"""Which sources do not parse, and a tolerant pass over those."""

from __future__ import annotations

import ast
import re
import symtable
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from audit.finding import Unparsed

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def silent() -> Iterator[None]:
    """Keep the parser's warnings to ourselves; within another such block it costs nothing."""
    if warnings.filters and warnings.filters[0][:3] == ("ignore", None, Warning):
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def trouble(path: str, source: bytes) -> Unparsed | None:
    """Why a source does not parse, or ``None``; ``symtable`` parses without making a tree of Python objects."""
    try:
        with silent():
            symtable.symtable(source, path, "exec")  # type: ignore[arg-type]
    except SyntaxError as error:
        return Unparsed(path, error.lineno or 0, "A401", error.msg or "does not parse")
    except (ValueError, RecursionError, MemoryError) as error:
        return Unparsed(path, 0, "A401", str(error) or type(error).__name__)
    return None


MOST_BYTES = 2_000_000
"""How much is parsed again and again for one source, in bytes."""
_PYTHON_2 = re.compile(
    r"^\s*print\s+[^\s(=.,)\[]|^\s*print\s*>>|^\s*except\s[^#\n]*,\s*\w+\s*:|^\s*(?:raise|exec)\s+\S+\s*,|\b0[0-7]+\b",
    re.MULTILINE,
)
_FSTRING = re.compile(r"\b[fF]([\"'])((?:\\.|(?!\1).)*)\1")
_PRINT = re.compile(r"^(\s*(?:.*?:\s+)?)print\b(?:\s*>>\s*([\w.\[\]\"']+)\s*,?)?\s*(.*?),?\s*$")


def tolerant(text: str, tries: int = 60) -> ast.Module | None:
    """A tree of a source that does not parse: Python 2 is rewritten, then what the parser refuses is blanked.

    Every line keeps its number. First the refused line goes, then the smallest block around it that is left, so that
    one bad line costs no more than it must.

    Args:
        text: The source.
        tries: How often the parser is asked.
    """
    lines = re.sub("[\x00\ufeff]", "", text).expandtabs(8).split("\n")
    if _PYTHON_2.search(text):
        lines = _modern(lines)
    original = list(lines)
    for _ in range(min(tries, MOST_BYTES // (len(text) + 1) + 2)):
        try:
            with silent():
                return ast.parse("\n".join(lines))
        except SyntaxError as error:
            at = min(max((error.lineno or 1) - 1, 0), len(lines) - 1)
            if not _blanked(lines, original, at, error):
                return None
        except (ValueError, RecursionError, MemoryError):
            return None
    return None


def _blanked(lines: list[str], original: list[str], at: int, error: SyntaxError) -> bool:
    """Take away the line of an error, or the block around it; says whether anything was left to take."""
    message = error.msg or ""
    if "f-string" in message and (plain := _FSTRING.sub(_added, lines[at])) != lines[at]:
        lines[at] = plain
        return True
    if (header := re.search(r"expected an indented block after .* on line (\d+)", message)) is not None:
        at = int(header[1]) - 1
    if lines[at].strip() not in ("", "pass"):
        unexpected = isinstance(error, IndentationError) and "expected an" not in message
        lines[at] = "" if unexpected else _indent(original[at]) * " " + "pass"
        return True
    depth = _indent(original[at]) + 1
    while True:
        start = next((i for i in range(at, -1, -1) if original[i].strip() and _indent(original[i]) < depth), -1)
        if start < 0:
            break
        depth = _indent(original[start])
        behind = range(start + 1, len(lines))
        end = next((i for i in behind if original[i].strip() and _indent(original[i]) <= depth), len(lines))
        if any(each.strip() not in ("", "pass") for each in lines[start:end]):
            lines[start:end] = [depth * " " + "pass", *[""] * (end - start - 1)]
            return True
        if not depth:
            break
    rest = lines[at:]
    lines[at:] = [""] * len(rest)
    return any(each.strip() for each in rest)


def _added(found: re.Match[str]) -> str:
    """An f-string that this Python refuses, as a sum of its parts."""
    quote, parts = found[1], re.split(r"(\{[^{}]+\})", found[2])
    terms = [
        re.sub(r"(?:![rsa])?(?::[^\[\](){}'\"]*)?$", "", each[1:-1]) if each.startswith("{") else quote + each + quote
        for each in parts
        if each
    ]
    return "(" + " + ".join(terms or [quote + quote]) + ")"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _modern(lines: list[str]) -> list[str]:
    """Statements of Python 2 as Python 3 has them, line by line."""
    made: list[str] = []
    waiting = 0
    for line in lines:
        fresh = line
        found = _PRINT.match(line)
        if waiting:
            waiting += _open_brackets(line)
            fresh = line if waiting or line.endswith("\\") else line + ")"
        elif found and not found[3].startswith(("(", "=", ".")) and _PYTHON_2.search(line):
            left = _open_brackets(found[3])
            whole = left <= 0 and not found[3].endswith("\\")
            file = f"file={found[2]}" if found[2] else ""
            given = ", ".join(filter(None, (found[3], file) if whole else (file, found[3])))
            fresh = f"{found[1]}print({given}" + (")" if whole else "")
            waiting = 0 if whole else max(left, 0) or 1
        fresh = re.sub(r"^(\s*except\s[^#\n]*?)\s*,\s*(\w+\s*:)", r"\1 as \2", fresh)
        fresh = re.sub(r"^(\s*raise\s+[\w.]+)\s*,.*", r"\1", fresh)
        fresh = re.sub(r"^(\s*)exec\s+([^(].*)$", r"\1exec(\2)", fresh)
        made.append(re.sub(r"(?<![\w.'\"])0([0-7]+)\b(?![.'\"])", r"0o\1", fresh))
    return made


def _open_brackets(text: str) -> int:
    bare = re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|#.*", "", text)
    return sum(bare.count(each) for each in "([{") - sum(bare.count(each) for each in ")]}")
