"""Files of these tests stand in memory where the system has a folder for that: they are many, and each is synced."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = "/dev/shm"


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A new folder, gone afterwards."""
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="merge-", dir=place))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
