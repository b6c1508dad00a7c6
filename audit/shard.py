"""The sources of a tree, scanned side by side: each gives its own result, the others only help to resolve it."""

from __future__ import annotations

import gc
import os
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from audit import languages
from audit.cache import JOINT, Cache, Result, digest
from audit.python.project import Project
from audit.python.scan import Scan
from audit.syntax import silent, trouble
from audit.walk import language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

FEW = 200
"""Up to this many sources are scanned without a second process."""

DEAL, THEIRS = 15, frozenset({1, 2, 5, 6, 9, 10, 13})
"""Of so many sources, by size, these go to the second process: a little less than half, since it must start first."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a second process has to do.

    Args:
        paths: All sources: the path to open, by the path relative to the root.
        mine: Those to scan.
    """

    paths: dict[str, str]
    mine: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a second process gives at its end: the results as JSON values, by path."""

    forms: dict[str, dict[str, Any]]


class StartWorker(Protocol):
    """Makes a second process: it calls a function with a job, and ends with the block.

    What is entered gives what the function yields, and raises ``ChildProcessError`` when the process has failed.
    """

    def __call__(
        self, target: Callable[[Share], Iterable[Scanned]], job: Share, kinds: tuple[type[Scanned], ...], /
    ) -> AbstractContextManager[Iterable[Scanned]]:
        """The process, not yet started."""


def scan(
    paths: Mapping[str, str],
    progress: Callable[[int, int], None] | None = None,
    cache: Path | None = None,
    start: StartWorker | None = None,
) -> list[Result]:
    """Scan sources, in two processes when there are many and the machine has more than one core.

    Args:
        paths: The path to open, by the path relative to the root.
        progress: Called with how many sources are done and how many there are.
        cache: The directory in which results are kept for the next time.
        start: Makes the second process; without it there is one.
    """
    store = Cache(cache) if cache is not None else None
    with ExitStack() as stack:
        worker: Iterable[Scanned] = ()
        theirs: tuple[str, ...] = ()
        if start and len(paths) > FEW and (os.cpu_count() or 1) > 1 and (store is None or store.empty):
            theirs = _dealt(paths)
            with suppress(ChildProcessError):
                worker = stack.enter_context(start(scanned, Share(dict(paths), theirs), (Scanned,)))
        raw = {path: _read(full) for path, full in paths.items()}
        texts = pythons(raw)
        hashes = {path: digest(data) for path, data in raw.items()} if store else {}
        results = store.valid(hashes, texts) if store else {}
        stale = {path: len(raw[path]) for path in paths if path not in results}
        mine = sorted(stale.keys() - set(theirs), key=lambda path: (stale[path], path))
        with _quiet_collector():
            results.update(work(raw, texts, mine, lambda done: progress and progress(done, len(mine))))
        results.update(_gathered(worker))
        results.update(work(raw, texts, [path for path in theirs if path not in results]))
    if store and stale:
        store.save(hashes, texts, results)
    return [results[path] for path in paths]


def _dealt(paths: Mapping[str, str]) -> tuple[str, ...]:
    """The sources that go to the second process."""
    by_size = sorted(paths, key=lambda path: _size(paths[path]))
    return tuple(path for place, path in enumerate(by_size) if place % DEAL in THEIRS)


def _size(full: str) -> int:
    try:
        return os.stat(full).st_size
    except OSError:
        return 0


def scanned(share: Share) -> Iterator[Scanned]:
    """The work of a second process; in one piece, since it would wait while nobody takes the first of several."""
    gc.disable()
    raw = {path: _read(full) for path, full in share.paths.items()}
    results = work(raw, pythons(raw), share.mine)
    yield Scanned({path: result.as_dict() for path, result in results.items()})


def _gathered(worker: Iterable[Scanned]) -> dict[str, Result]:
    """What a second process gave; nothing when it has failed."""
    with suppress(ChildProcessError):
        return {path: Result.from_dict(form) for part in worker for path, form in part.forms.items()}
    return {}


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
