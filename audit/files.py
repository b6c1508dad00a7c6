"""Files of JSON lines on disk: what they hold."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
from collections import Counter
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import orjson

from audit.finding import FileFact, KeyFact
from audit.walk import LINE_SUFFIXES, Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TIME_FIELDS = (
    "timestamp",
    "ts",
    "time",
    "created_at",
    "recorded_at",
    "granted_at",
    "datetime",
    "date",
    "@timestamp",
    "t",
)
_NAMES = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "object",
    list: "array",
    type(None): "null",
}


def is_line_file(entry: Entry) -> bool:
    """Whether a file's name promises JSON lines."""
    return entry.path.lower().endswith(LINE_SUFFIXES)


def profile(entries: Sequence[Entry], progress: Callable[[int, int], None] | None = None) -> tuple[FileFact, ...]:
    """Read files of JSON lines and say what they hold.

    Args:
        entries: The files.
        progress: Called with how many are done and how many there are.

    Returns:
        One fact per file; a later file with the same bytes names the earlier one.
    """
    seen: dict[str, str] = {}
    facts: list[FileFact] = []
    for count, entry in enumerate(entries):
        fact, digest = _profile(entry)
        if fact.bytes and digest in seen:
            fact = replace(fact, duplicate_of=seen[digest])
        seen.setdefault(digest, entry.path)
        facts.append(fact)
        if progress is not None:
            progress(count + 1, len(entries))
    return tuple(facts)


def outline(entry: Entry) -> FileFact:
    """What is known of a file without reading it."""
    modified = dt.datetime.fromtimestamp(os.stat(entry.full).st_mtime, dt.UTC)
    return FileFact(entry.path, entry.size, modified=modified.isoformat())


class _Shapes:
    """Counts the shapes of a file's records: their keys and the types of their values."""

    def __init__(self) -> None:
        self.lines = self.bad = self.events = 0
        self.samples: dict[str, object] = {}
        self._shapes: Counter[tuple[tuple[str, ...], tuple[type, ...]]] = Counter()

    def add(self, raw: bytes) -> None:
        """Count one line."""
        if not raw.strip():
            return
        self.lines += 1
        try:
            value = orjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
        except orjson.JSONDecodeError:
            self.bad += 1
            return
        if isinstance(value, dict):
            self.events += 1
            shape = (tuple(value), tuple(map(type, value.values())))
            if shape not in self._shapes:
                for name, each in value.items():
                    self.samples.setdefault(name, each)
            self._shapes[shape] += 1

    def keys(self) -> tuple[KeyFact, ...]:
        """The keys, most frequent first, with their types and how often they are there."""
        counts: Counter[str] = Counter()
        types: dict[str, Counter[str]] = {}
        for (names, sorts), times in self._shapes.items():
            for name, sort in zip(names, sorts, strict=True):
                counts[name] += times
                types.setdefault(name, Counter())[_NAMES.get(sort, "string")] += times
        return tuple(KeyFact(n, c, c / self.events, dict(types[n].most_common())) for n, c in counts.most_common())


def _profile(entry: Entry) -> tuple[FileFact, str]:
    fact = outline(entry)
    if entry.path.lower().endswith((".gz", ".bz2", ".xz")):
        return fact, entry.path
    digest = hashlib.blake2b(digest_size=16)
    shapes = _Shapes()
    with open(entry.full, "rb") as handle:
        while block := list(islice(handle, 4096)):
            for raw in block:
                digest.update(raw)
                shapes.add(raw)
    name = next((each for each in TIME_FIELDS if each in shapes.samples), "")
    kind = time_kind(shapes.samples[name]) if name else ""
    known = replace(
        fact,
        lines=shapes.lines,
        bad=shapes.bad,
        events=shapes.events,
        keys=shapes.keys(),
        time_field=name if kind else "",
        time_kind=kind,
        profiled=True,
    )
    return known, digest.hexdigest()


def time_kind(value: object) -> str:
    """How a value says when: an ISO form, an epoch with its unit, or an empty string when it does not."""
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d|$)", value):
        return "iso" if re.search(r"(Z|[+-]\d\d:?\d\d)$", value[10:]) else "iso-naive"
    if isinstance(value, int | float) and not isinstance(value, bool):
        for unit, low in (("epoch-ns", 1e17), ("epoch-us", 1e14), ("epoch-ms", 1e11), ("epoch-s", 1e8)):
            if value >= low:
                return unit
    return ""
