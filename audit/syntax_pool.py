"""Checks the syntax of many sources in a process beside the audit."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from audit.finding import Unparsed
from audit.syntax import trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FEW = 100
"""Up to this many files are checked without a second process."""


@contextmanager
def check(paths: Mapping[str, str]) -> Iterator[Callable[[], list[Unparsed]]]:
    """Begin to check sources, and give a function that waits for the result.

    Args:
        paths: The path to open, by the path relative to the root.

    Yields:
        A function that returns an entry for each source that does not parse.
    """
    if len(paths) <= FEW:
        yield lambda: found(paths)
        return
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    with subprocess.Popen(
        [sys.executable, "-m", "audit.syntax_pool"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    ) as child:
        if child.stdin is None:
            raise RuntimeError("a pipe was asked for")
        child.stdin.write(orjson.dumps(dict(paths)))
        child.stdin.close()
        child.stdin = None

        def wait() -> list[Unparsed]:
            output, _ = child.communicate()
            if child.returncode != 0:
                return found(paths)
            return [Unparsed(**each) for each in orjson.loads(output)]

        yield wait


def found(paths: Mapping[str, str]) -> list[Unparsed]:
    """An entry for each source that does not parse."""
    results = (trouble(path, Path(full).read_bytes()) for path, full in paths.items())
    return [each for each in results if each is not None]


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps([each.as_dict() for each in found(orjson.loads(sys.stdin.buffer.read()))]))
