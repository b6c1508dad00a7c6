"""The other sources that a source of JavaScript imports names from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.languages.javascript.program import read
from audit.languages.javascript.syntax import Parser
from audit.languages.javascript.tokens import tokenize
from audit.languages.javascript.values import Values
from audit.languages.place import tidy

if TYPE_CHECKING:
    from collections.abc import Callable

_ENDS = ("", ".ts", ".tsx", ".js", ".mjs", ".cjs", ".mts", ".jsx", "/index.ts", "/index.js")
_LARGEST = 400_000
"""Characters of a source that is read for another one."""


@dataclass(eq=False, slots=True)
class Modules:
    """Finds what relative imports name.

    Args:
        others: Gives the text of a source by its path relative to the root, an empty string when there is none.
        asked: The paths that were looked for, whether they exist or not.
    """

    others: Callable[[str], str]
    asked: set[str] = field(default_factory=set)
    _known: dict[str, Values | None] = field(default_factory=dict)

    def values(self, importer: str, name: str) -> Values | None:
        """What the source holds that an import names; ``None`` when it is not of the tree.

        Args:
            importer: The source with the import.
            name: Such as ``./paths``; others than relative ones are not of the tree.
        """
        if not name.startswith("."):
            return None
        stem = tidy(f"{importer.rpartition('/')[0]}/{name}".lstrip("/"))
        if stem not in self._known:
            self._known[stem] = self._read(stem)
        return self._known[stem]

    def _read(self, stem: str) -> Values | None:
        plain = stem.removesuffix(".js").removesuffix(".mjs")
        for path in dict.fromkeys([*(stem + end for end in _ENDS), plain + ".ts", plain + ".tsx", plain + ".mts"]):
            self.asked.add(path)
            text = self.others(path)
            if text and len(text) < _LARGEST:
                program = read(tokenize(text))
                return Values(program, Parser(program.tokens), path, self)
        return None
