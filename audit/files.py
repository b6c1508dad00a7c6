"""Files of JSON lines on disk: what they hold."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import hashlib
import io
import lzma
import os
import re
import zlib
from collections import Counter
from dataclasses import replace
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

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


def opened(path: str) -> IO[bytes]:
    """A file of lines, unpacked while it is read.

    Args:
        path: The path to open; its end says how it is compressed.

    Raises:
        OSError: It cannot be opened.
        ImportError: It is compressed with zstd and ``zstandard`` is not installed.
    """
    end = os.path.splitext(path)[1].lower()
    if end == ".zst":
        import zstandard

        return io.BufferedReader(zstandard.open(path, "rb"))
    known: dict[str, Callable[[str], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
    unpacked: IO[bytes] = known.get(end, _plain)(path)
    return unpacked


def _plain(path: str) -> IO[bytes]:
    return open(path, "rb")


def _broken() -> tuple[type[Exception], ...]:
    """What reading a file that cannot be unpacked raises."""
    try:
        from zstandard import ZstdError
    except ImportError:
        return OSError, EOFError, ImportError, lzma.LZMAError, zlib.error
    return OSError, EOFError, lzma.LZMAError, zlib.error, ZstdError


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
    """What a file holds, and a hash of its content once it is unpacked; its path when it cannot be read."""
    fact = outline(entry)
    digest = hashlib.blake2b(digest_size=16)
    shapes = _Shapes()
    try:
        with opened(entry.full) as handle:
            while block := list(islice(handle, 4096)):
                for raw in block:
                    digest.update(raw)
                    shapes.add(raw)
    except _broken():  # damaged, not readable, or compressed with zstd where that is not installed
        return fact, entry.path
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
