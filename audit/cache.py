"""What an earlier audit found, kept by the content of the sources.

A source is looked at again when it has changed, or one of the modules that were read for it, or the answer to one of
the searches that were made for it, or when a module came or went whose name appears in any of these.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from audit.finding import Evidence, Finding, Unparsed
from audit.python.project import dotted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DIRECTORY = ".telemetry_cache"
"""Where the command keeps caches, below the directory that is audited."""
_FILE = "audit.json"
JOINT = "\0"
"""Between the words of a search."""


@dataclass(slots=True)
class Result:
    """What the scan of one source gave, and on what it depends.

    Args:
        findings: Findings in it, and the call-sites of its helpers anywhere.
        unparsed: That it does not parse, and rules that failed.
        modules: Paths of the other modules that were read for it.
        searches: The words that were searched in all sources for it.
        found: Where they were found, by the words joined with ``JOINT``; empty when the result comes from a cache.
    """

    findings: list[Finding] = field(default_factory=list)
    unparsed: list[Unparsed] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    searches: list[list[str]] = field(default_factory=list)
    found: dict[str, list[str]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON values."""
        return {
            "findings": [each.as_dict() for each in self.findings],
            "unparsed": [each.as_dict() for each in self.unparsed],
            "modules": self.modules,
            "searches": self.searches,
            "found": self.found,
        }

    @classmethod
    def from_dict(cls, form: Mapping[str, Any]) -> Result:
        """The inverse of ``as_dict``."""
        return cls(
            [_finding(each) for each in form["findings"]],
            [Unparsed(**each) for each in form["unparsed"]],
            form["modules"],
            form["searches"],
            form.get("found", {}),
        )


def _finding(form: dict[str, Any]) -> Finding:
    evidence = tuple(Evidence(**one) for one in form["evidence"])
    tuples = {name: tuple(form[name]) for name in ("alternatives", "context")}
    return Finding(**{**form, **tuples, "evidence": evidence})


def digest(data: bytes) -> str:
    """A hash of a source's content."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class Cache:
    """The results of the last audit of a tree.

    Args:
        directory: Where it is kept; made when it is first saved.
    """

    def __init__(self, directory: Path) -> None:
        """Load what is there; a cache of another version, or one that cannot be read, counts as empty."""
        self._directory = directory
        self._hashes: dict[str, str] = {}
        self._results: dict[str, dict[str, Any]] = {}
        self._answers: dict[str, set[str]] = {}
        self._gone: set[str] = set()
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            form = orjson.loads((directory / _FILE).read_bytes())
            if form["version"] == _version():
                paths = list(form["hashes"])
                self._answers = {words: {paths[i] for i in found} for words, found in form["answers"].items()}
                self._results = form["results"]
                self._hashes = form["hashes"]

    @property
    def empty(self) -> bool:
        """Whether nothing is known."""
        return not self._hashes

    def valid(self, hashes: Mapping[str, str], texts: Mapping[str, str]) -> dict[str, Result]:
        """The results that still hold, by path.

        Args:
            hashes: The digest of every source, by its path.
            texts: The Python of those that have some.
        """
        old = self._hashes
        changed = {path for path, made in hashes.items() if old.get(path) != made}
        moved = hashes.keys() ^ old.keys()
        names = {dotted(path).rpartition(".")[2] for path in moved if path.endswith((".py", ".pyw"))}
        gone = self._gone = changed | moved
        wrong = {words for words, found in self._answers.items() if self._differs(words, found, gone, texts)}
        kept: dict[str, Result] = {}
        for path in hashes:
            if path in changed:
                continue
            form = self._results.get(path)
            if form is None:
                kept[path] = Result()
                continue
            read = (path, *form["modules"])
            if not gone.isdisjoint(read) or any(JOINT.join(words) in wrong for words in form["searches"]):
                continue
            if names and any(name in texts.get(each, "") for each in read for name in names):
                continue
            kept[path] = Result.from_dict(form)
        return kept

    @staticmethod
    def _differs(words: str, found: set[str], gone: set[str], texts: Mapping[str, str]) -> bool:
        wanted = words.split(JOINT)
        return any((path in found) != _holds(texts.get(path), wanted) for path in gone)

    def _answer(self, key: str, made: Result, texts: Mapping[str, str]) -> Iterable[str]:
        """Where the words of a search stand: as it was found now, or before and in what has changed since."""
        if key in made.found:
            return made.found[key]
        words = key.split(JOINT)
        if key not in self._answers:
            return [path for path, text in texts.items() if _holds(text, words)]
        kept = self._answers[key] - self._gone
        return sorted(kept | {path for path in self._gone if _holds(texts.get(path), words)})

    def save(self, hashes: Mapping[str, str], texts: Mapping[str, str], results: Mapping[str, Result]) -> None:
        """Keep the results of an audit for the next; a directory that cannot be written is left alone."""
        kept = {path: made.as_dict() for path, made in results.items() if made != Result()}
        for form in kept.values():
            del form["found"]
        place = {path: index for index, path in enumerate(hashes)}
        answers: dict[str, list[int]] = {}
        for made in results.values():
            for words in made.searches:
                key = JOINT.join(words)
                if key not in answers:
                    answers[key] = [place[path] for path in self._answer(key, made, texts)]
        form = {"version": _version(), "hashes": dict(hashes), "answers": answers, "results": kept}
        with contextlib.suppress(OSError):
            self._directory.mkdir(parents=True, exist_ok=True)
            (self._directory / ".gitignore").write_text("*\n", encoding="utf-8")
            fresh = self._directory / f"{_FILE}.{os.getpid()}"
            fresh.write_bytes(orjson.dumps(form))
            fresh.replace(self._directory / _FILE)


def _holds(text: str | None, words: list[str]) -> bool:
    return text is not None and all(word in text for word in words)


def _version() -> str:
    """A hash of this package's own code and of the interpreter's version: another audit finds other things."""
    total = hashlib.blake2b(sys.version.encode(), digest_size=16)
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()
