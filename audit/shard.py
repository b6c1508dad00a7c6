"""The sources of a tree, scanned side by side: each gives its own result, the others only help to resolve it."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from audit.cache import Cache, Result, digest
from audit.project import Project
from audit.scan import Scan
from audit.syntax import trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

FEW = 200
"""Up to this many sources are scanned without a second process."""


def scan(
    paths: Mapping[str, str], progress: Callable[[int, int], None] | None = None, cache: Path | None = None
) -> list[Result]:
    """Scan sources, in two processes when there are many and the machine has more than one core.

    Args:
        paths: The path to open, by the path relative to the root.
        progress: Called with how many sources are done and how many there are.
        cache: The directory in which results are kept for the next time.
    """
    raw = {path: _read(full) for path, full in paths.items()}
    texts = {path: text_of(data) for path, data in raw.items()}
    if cache is None:
        return list(_fresh(paths, raw, texts, list(paths), progress).values())
    store = Cache(cache)
    hashes = {path: digest(data) for path, data in raw.items()}
    results = store.valid(hashes, texts)
    stale = [path for path in paths if path not in results]
    if stale:
        results.update(_fresh(paths, raw, texts, stale, progress))
        store.save(hashes, texts, results)
    return [results[path] for path in paths]


def _fresh(
    paths: Mapping[str, str],
    raw: Mapping[str, bytes],
    texts: Mapping[str, str],
    wanted: Sequence[str],
    progress: Callable[[int, int], None] | None,
) -> dict[str, Result]:
    total = len(wanted)
    ordered = sorted(wanted, key=lambda path: len(raw[path]))
    if total <= FEW or (os.cpu_count() or 1) < 2:
        with _quiet_collector():
            return work(raw, texts, ordered, lambda done: progress and progress(done, total))
    mine, theirs = ordered[::2], ordered[1::2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    command = [sys.executable, "-m", "audit.shard"]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as child:
        if child.stdin is None:
            raise RuntimeError("a pipe was asked for")
        child.stdin.write(orjson.dumps({"paths": dict(paths), "mine": theirs}))
        child.stdin.close()
        child.stdin = None
        with _quiet_collector():
            results = work(raw, texts, mine, lambda done: progress and progress(done, total))
        output, _ = child.communicate()
        if child.returncode == 0:
            results.update({path: Result.from_dict(form) for path, form in orjson.loads(output).items()})
        else:
            results.update(work(raw, texts, theirs))
    if progress is not None:
        progress(total, total)
    return results


def work(
    raw: Mapping[str, bytes],
    texts: Mapping[str, str],
    mine: Sequence[str],
    step: Callable[[int], object] | None = None,
) -> dict[str, Result]:
    """Scan some of the sources; the others are there to resolve imports and to find call-sites.

    Args:
        raw: The content of every source by its path relative to the root.
        texts: The same as text.
        mine: The sources to scan.
        step: Called with how many are done.
    """
    project = Project(dict(texts))
    scanner = Scan(project)
    results: dict[str, Result] = {}
    for count, path in enumerate(mine):
        modules, searches = project.watch()
        findings, unparsed = len(scanner.findings), len(scanner.unparsed)
        scanner.file(path)
        result = results[path] = Result(scanner.findings[findings:], scanner.unparsed[unparsed:])
        modules.discard(path)
        result.modules, result.searches = sorted(modules), [list(words) for words in sorted(searches)]
        if not project.parses(path) and (found := trouble(path, raw[path])):
            result.unparsed.insert(0, found)
        if step is not None:
            step(count + 1)
    project.release()
    return results


def text_of(data: bytes) -> str:
    """The text of a source, whatever its bytes are."""
    return data.decode("utf-8", "replace").removeprefix("\ufeff")


def _read(full: str) -> bytes:
    try:
        return Path(full).read_bytes()
    except OSError:
        return b""


@contextmanager
def _quiet_collector() -> Iterator[None]:
    """Syntax trees are many objects and no garbage: collecting while they grow costs more than they do."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _main() -> None:
    gc.disable()
    order = orjson.loads(sys.stdin.buffer.read())
    raw = {path: _read(full) for path, full in order["paths"].items()}
    results = work(raw, {path: text_of(data) for path, data in raw.items()}, order["mine"])
    sys.stdout.buffer.write(orjson.dumps({path: result.as_dict() for path, result in results.items()}))


if __name__ == "__main__":
    _main()
