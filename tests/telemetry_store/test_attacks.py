"""Hostile statements through `store.query`: none changes anything, makes a file, or runs on."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.telemetry_store import attacks

#: The bar is 0.2 s; a machine that does other work meanwhile may take longer, and a statement that runs on takes for ever.
SLACK = 5.0
MIB = 100


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """What became of each statement, all tried by one process."""
    folder = tmp_path_factory.mktemp("attacks")
    subprocess.run([sys.executable, attacks.__file__, str(folder), "make"], check=True)
    done = subprocess.run([sys.executable, attacks.__file__, str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {line["name"]: line for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", attacks.REFUSED)
def test_what_does_not_read_is_refused(outcomes: dict[str, dict], name: str) -> None:
    """It does not run, and no file appears."""
    assert outcomes[name]["outcome"] == "refused"


@pytest.mark.parametrize("name", attacks.STOPPED)
def test_what_wants_too_much_is_stopped(outcomes: dict[str, dict], name: str) -> None:
    """It ends soon after its deadline at the latest."""
    assert outcomes[name]["outcome"] in ("stopped", "refused")


@pytest.mark.parametrize("name", attacks.HARMLESS)
def test_what_reads_is_answered(outcomes: dict[str, dict], name: str) -> None:
    """Reading works in every form."""
    assert outcomes[name]["outcome"] == "answered"


def test_all_are_contained(outcomes: dict[str, dict]) -> None:
    """After all of them the rows are the same and no file was made; none took long or much memory."""
    assert outcomes.pop("")["same"]
    for each in outcomes.values():
        assert set(each["files"]) <= {"a.db", "a.db-shm", "a.db-wal", "a.db-spool"}, each
        assert each["seconds"] < attacks.DEADLINE + SLACK, each
        assert each["mib"] <= MIB, each
