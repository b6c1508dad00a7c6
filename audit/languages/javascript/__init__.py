"""JavaScript and TypeScript: writers, loggers and readers of JSON lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.languages.javascript import loggers, readers, writers
from audit.languages.javascript.modules import Modules
from audit.languages.javascript.source import Source

if TYPE_CHECKING:
    from audit.languages.place import Place

__all__ = ["Modules", "scan"]

_FILES = re.compile(
    r"appendFile|outputFile|createWriteStream|createReadStream|[wW]rite\w*File|readFile|\bDeno\.|\bBun\.|openSync"
    r"|\.open\(|jetpack|jsonfile|pino|winston|bunyan|readLines|eachLine|[tT]ail|LineByLine|readTextFile"
)
_LINES = re.compile(r"JSON|stringify|jsonl|ndjson|pino|winston|bunyan|jsonfile|DailyRotateFile|\\\"|'\{\"|`\{\"")


def scan(path: str, text: str, modules: Modules | None = None) -> list[Place]:
    """The places of a source.

    Args:
        path: Relative to the root.
        text: The source.
        modules: The sources that it imports from.
    """
    if not _FILES.search(text) or not _LINES.search(text) or _is_made(path, text):
        return []
    source = Source(path, text, modules or Modules(lambda _: ""))
    writers.find(source)
    loggers.find(source)
    readers.find(source)
    return source.places


def _is_made(path: str, text: str) -> bool:
    """Whether a source is what a bundler made of others: its lines are longer than people write them."""
    return path.endswith((".min.js", ".min.mjs", ".bundle.js")) or len(text) > 20_000 + 300 * text.count("\n")
