"""Walk a tree: which files are source code, which may hold JSON lines, which are left out."""

from __future__ import annotations

import fnmatch
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SKIPPED_DIRECTORIES = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        "__pycache__",
        "node_modules",
        ".venv",
        "venv",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".eggs",
        ".telemetry_cache",
        "site-packages",
        "bower_components",
    }
)
"""Directories that hold no code of the project itself; never entered."""

LANGUAGES = {
    ".py": "python",
    ".pyw": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".jsx": "javascript",
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "typescript",
    ".sh": "shell",
    ".bash": "shell",
    ".zsh": "shell",
    ".ps1": "powershell",
    ".psm1": "powershell",
    ".yml": "yaml",
    ".yaml": "yaml",
    ".ipynb": "notebook",
    ".mk": "make",
    ".dockerfile": "dockerfile",
    ".bat": "batch",
    ".cmd": "batch",
}
"""The language of a source file by the end of its name."""

NAMES = {"makefile": "make", "gnumakefile": "make", "dockerfile": "dockerfile", "containerfile": "dockerfile"}
"""The language of a source file by what its name begins with, up to the first dot."""

COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
"""Ends of names of compressed files."""

LINE_SUFFIXES = tuple(
    name + end for name in (".jsonl", ".ndjson", ".jsonlines", ".ldjson") for end in ("", *COMPRESSED)
)
"""Ends of names that promise JSON lines."""

LARGEST_SOURCE = 4 * 1024 * 1024
"""Source files above this many bytes are generated data; they are reported, not read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the tree.

    Args:
        path: Path relative to the root, with forward slashes.
        full: The path to open.
        size: Bytes.
        language: A value of ``LANGUAGES``, or an empty string for other files.
    """

    path: str
    full: str
    size: int
    language: str


def language(path: str) -> str:
    """The language of a source by its name, an empty string when it is none."""
    name = path.rpartition("/")[2].lower()
    return LANGUAGES.get(os.path.splitext(name)[1]) or NAMES.get(name.partition(".")[0], "")


def is_test(path: str) -> bool:
    """Whether a path relative to the root belongs to tests, by its directories or its name."""
    parts = path.split("/")
    name = parts[-1]
    return (
        any(part in {"tests", "test", "__tests__", "__mocks__"} for part in parts[:-1])
        or name.startswith("test_")
        or name == "conftest.py"
        or name.split(".")[0].endswith("_test")
        or any(part.lower() in {"test", "tests", "spec", "vitest"} for part in name.split(".")[1:-1])
    )


def walk(root: Path, exclude: Sequence[str] = ()) -> Iterator[Entry]:
    """Yield every file below a root, sorted by directory, that is not left out.

    Args:
        root: The directory to walk. Links to directories are not followed.
        exclude: Globs against the path relative to the root, or against a single name in it.

    Yields:
        One ``Entry`` per regular file.
    """
    base = os.fspath(root)
    for directory, names, files in os.walk(base):
        relative = os.path.relpath(directory, base).replace(os.sep, "/")
        prefix = "" if relative == "." else relative + "/"
        names[:] = sorted(n for n in names if n not in SKIPPED_DIRECTORIES and not _left_out(prefix + n, n, exclude))
        for name in sorted(files):
            if exclude and _left_out(prefix + name, name, exclude):
                continue
            full = os.path.join(directory, name)
            try:
                status = os.lstat(full)
            except OSError:
                continue
            if status.st_mode & 0o170000 == 0o100000:
                yield Entry(prefix + name, full, status.st_size, language(name))


def _left_out(path: str, name: str, exclude: Sequence[str]) -> bool:
    return any(
        fnmatch.fnmatchcase(path, glob.rstrip("/")) or fnmatch.fnmatchcase(name, glob.rstrip("/")) for glob in exclude
    )
