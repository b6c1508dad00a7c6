"""Which code opens which database file."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.databases import openers


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ('import sqlite3\nsqlite3.connect("data/crm.db")', [2]),
        ('PATH = "crm.db"\nx = 1\nsqlite3.connect(PATH)', [1]),
        ('sqlite3.connect(\n    Path("data") / "crm.db"\n)', [2]),
        ('engine = create_engine(f"sqlite:///{root}/crm.db")', [1]),
        ('a = "crm.db"\nsqlite3.connect("crm.db")', [2, 1]),
        ('"""The file crm.db is old."""', []),
        ('sqlite3.connect("my_crm.db")', []),
        ('sqlite3.connect("crm.db-journal")', []),
        ('x = "scrm.db"', []),
        ("def broken(:\n    'crm.db'", [2]),
    ],
)
def test_places(tmp_path: Path, code: str, lines: list[int]) -> None:
    """Calls that open a file stand first, then where it is named; documentation and other names do not count."""
    (tmp_path / "app.py").write_text(code)
    assert openers(tmp_path, ["old/crm.db"]) == {"old/crm.db": tuple(f"app.py:{line}" for line in lines)}


def test_other_languages(tmp_path: Path) -> None:
    """In other languages the file's name is enough."""
    (tmp_path / "run.sh").write_text("#!/bin/sh\nsqlite3 data/crm.db .dump\n")
    assert openers(tmp_path, ["crm.db", "none.db"]) == {"crm.db": ("run.sh:2",), "none.db": ()}
