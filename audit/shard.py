"""The sources of a tree, scanned side by side: each gives its own result, the others only help to resolve it."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from audit import languages
from audit.cache import JOINT, Cache, Result, digest
from audit.python.project import Project
from audit.python.scan import Scan
from audit.syntax import silent, trouble
from audit.walk import language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

FEW = 200
"""Up to this many sources are scanned without a second process."""

DEAL, THEIRS = 15, frozenset({1, 2, 5, 6, 9, 10, 13})
"""Of so many sources, by size, these go to the second process: a little less than half, since it must start first."""


def scan(
    paths: Mapping[str, str], progress: Callable[[int, int], None] | None = None, cache: Path | None = None
) -> list[Result]:
    """Scan sources, in two processes when there are many and the machine has more than one core.

    Args:
        paths: The path to open, by the path relative to the root.
        progress: Called with how many sources are done and how many there are.
        cache: The directory in which results are kept for the next time.
    """
    store = Cache(cache) if cache is not None else None
    parallel = len(paths) > FEW and (os.cpu_count() or 1) > 1
    with _Assistant(paths) if parallel and (store is None or store.empty) else nullcontext() as assistant:
        raw = {path: _read(full) for path, full in paths.items()}
        texts = pythons(raw)
        hashes = {path: digest(data) for path, data in raw.items()} if store else {}
        results = store.valid(hashes, texts) if store else {}
        stale = sorted((path for path in paths if path not in results), key=lambda path: len(raw[path]))
        theirs = [path for place, path in enumerate(stale) if place % DEAL in THEIRS] if assistant else []
        mine = [path for place, path in enumerate(stale) if not assistant or place % DEAL not in THEIRS]
        if assistant:
            assistant.ask(theirs)
        with _quiet_collector():
            results.update(work(raw, texts, mine, lambda done: progress and progress(done, len(mine))))
        if assistant:
            results.update(assistant.answer() or work(raw, texts, theirs))
    if store and stale:
        store.save(hashes, texts, results)
    return [results[path] for path in paths]


class _Assistant:
    """A second process, which reads the sources at once and scans those that it is asked for."""

    def __init__(self, paths: Mapping[str, str]) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
        command = [sys.executable, "-m", "audit.shard"]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._send(dict(paths))

    def _send(self, value: object) -> None:
        pipe = self._process.stdin
        with suppress(BrokenPipeError):  # it has died; `answer` says so
            if pipe is not None:
                pipe.write(orjson.dumps(value) + b"\n")
                pipe.flush()

    def ask(self, mine: Sequence[str]) -> None:
        """Begin with these sources."""
        self._send(mine)

    def answer(self) -> dict[str, Result] | None:
        """What they gave; nothing when the process has failed."""
        output, _ = self._process.communicate()
        if self._process.returncode:
            return None
        return {path: Result.from_dict(form) for path, form in orjson.loads(output).items()}

    def __enter__(self) -> _Assistant:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def work(
    raw: Mapping[str, bytes],
    texts: Mapping[str, str],
    mine: Sequence[str],
    step: Callable[[int], object] | None = None,
) -> dict[str, Result]:
    """Scan some of the sources; the others are there to resolve imports and to find call-sites.

    Args:
        raw: The content of every source by its path relative to the root.
        texts: The Python of those that have some.
        mine: The sources to scan.
        step: Called with how many are done.
    """
    project = Project(dict(texts))
    scanner = Scan(project)
    results: dict[str, Result] = {}
    with silent():
        for count, path in enumerate(mine):
            results[path] = _one(path, raw, texts, scanner)
            if step is not None:
                step(count + 1)
    project.release()
    return results


def _one(path: str, raw: Mapping[str, bytes], texts: Mapping[str, str], scanner: Scan) -> Result:
    result = _python(scanner, path) if path in texts else Result()
    if language(path) in ("python", "notebook") and path in texts and not scanner.project.parses(path):
        source = raw[path] if language(path) == "python" else texts[path].encode("utf-8", "replace")
        result.unparsed[:0] = filter(None, [trouble(path, source)])
    if language(path) != "python":
        text = text_of(raw[path])
        found = languages.scan(path, language(path), text, lambda other: text_of(raw.get(other, b"")))
        result.findings += found[0]
        result.unparsed += found[1]
        result.modules = sorted({*result.modules, *found[2]})
    return result


def _python(scanner: Scan, path: str) -> Result:
    modules, searches = scanner.project.watch()
    findings, unparsed = len(scanner.findings), len(scanner.unparsed)
    scanner.file(path)
    modules.discard(path)
    words = [list(each) for each in sorted(searches)]
    found = {JOINT.join(each): paths for each, paths in searches.items()}
    return Result(scanner.findings[findings:], scanner.unparsed[unparsed:], sorted(modules), words, found)


def pythons(raw: Mapping[str, bytes]) -> dict[str, str]:
    """The Python of every source that has some, by its path: all of it, or what stands in another language."""
    found: dict[str, str] = {}
    for path, data in raw.items():
        text = text_of(data)
        if language(path) != "python":
            text = languages.python_in(path, language(path), text)
        if text or language(path) == "python":
            found[path] = text
    return found


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
    raw = {path: _read(full) for path, full in orjson.loads(sys.stdin.buffer.readline()).items()}
    results = work(raw, pythons(raw), orjson.loads(sys.stdin.buffer.readline()))
    sys.stdout.buffer.write(orjson.dumps({path: result.as_dict() for path, result in results.items()}))


if __name__ == "__main__":
    _main()
