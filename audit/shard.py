"""A part of the sources, scanned by itself: files do not depend on each other, so parts run side by side."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from audit.finding import Evidence, Finding, Unparsed
from audit.project import Project
from audit.scan import Scan
from audit.syntax import trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

FEW = 200
"""Up to this many sources are scanned without a second process."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a part of the sources gave.

    Args:
        findings: Findings in these sources, and the call-sites of their helpers anywhere.
        unparsed: Sources that do not parse, and rules that failed.
    """

    findings: tuple[Finding, ...]
    unparsed: tuple[Unparsed, ...]


def scan(paths: Mapping[str, str], progress: Callable[[int, int], None] | None = None) -> Part:
    """Scan sources, in two processes when there are many and the machine has more than one core.

    Args:
        paths: The path to open, by the path relative to the root.
        progress: Called with how many sources are done and how many there are.
    """
    total = len(paths)
    ordered = sorted(paths, key=lambda path: os.path.getsize(paths[path]))
    if total <= FEW or (os.cpu_count() or 1) < 2:
        with _quiet_collector():
            return work(paths, ordered, lambda done: progress and progress(done, total))
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
            part = work(paths, mine, lambda done: progress and progress(done, total))
        output, _ = child.communicate()
        other = _loaded(orjson.loads(output)) if child.returncode == 0 else work(paths, theirs)
    if progress is not None:
        progress(total, total)
    return Part(part.findings + other.findings, part.unparsed + other.unparsed)


def work(paths: Mapping[str, str], mine: Sequence[str], step: Callable[[int], Any] | None = None) -> Part:
    """Scan some of the sources; the others are there to resolve imports and to find call-sites.

    Args:
        paths: The path to open, by the path relative to the root.
        mine: The sources to scan.
        step: Called with how many are done.
    """
    raw = {path: _read(full) for path, full in paths.items()}
    troubles = [found for found in (trouble(path, raw[path]) for path in mine) if found]
    part = Scan(Project({path: each.decode("utf-8", "replace") for path, each in raw.items()}))
    raw.clear()
    for count, path in enumerate(mine):
        part.file(path)
        if step is not None:
            step(count + 1)
    part.project.release()
    return Part(tuple(part.findings), (*troubles, *part.unparsed))


def _read(full: str) -> bytes:
    try:
        return Path(full).read_bytes()
    except OSError:
        return b""


def _loaded(form: dict[str, Any]) -> Part:
    findings: list[Finding] = []
    for each in form["findings"]:
        each["evidence"] = tuple(Evidence(**one) for one in each["evidence"])
        findings.append(Finding(**{**each, **{name: tuple(each[name]) for name in ("alternatives", "context")}}))
    return Part(tuple(findings), tuple(Unparsed(**each) for each in form["unparsed"]))


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
    part = work(order["paths"], order["mine"])
    form = {
        "findings": [each.as_dict() for each in part.findings],
        "unparsed": [each.as_dict() for each in part.unparsed],
    }
    sys.stdout.buffer.write(orjson.dumps(form))


if __name__ == "__main__":
    _main()
