"""A process of ours: what it is told, what it sends, and how it ends."""

from __future__ import annotations

import gc
import os
import signal
import site
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from telemetry_store import QueryStopped, worker
from telemetry_store.import_path import HOME, trusted
from telemetry_store.worker import Limits, Worker, WorkerLost, WorkerUnstarted, start_program
from tests.telemetry_store import jobs
from tests.telemetry_store.jobs import Job, Said

NOTHING = Job()


def frames(target, job: Job = NOTHING, **options) -> list[Said]:
    with Worker(target, job, (Said,), **options) as running:
        return list(running)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(pid)


@pytest.mark.parametrize("waiting", [0, 3])
def test_frames_come_in_order(waiting: int) -> None:
    """Every frame that the function yields arrives, in order, read ahead or not."""
    assert [said.value for said in frames(jobs.count, Job(500), waiting=waiting)] == list(range(500))


def test_plain_values_are_kept() -> None:
    """A frame comes back equal, whatever plain values it has."""
    (said,) = frames(jobs.values)
    assert repr(said) == repr(Said(jobs.VALUES, (1, None)))


def test_where_it_imports_from(tmp_path: Path, monkeypatch) -> None:
    """Standard library first, then our own folder; nothing from the working directory, PYTHONPATH, or an empty entry."""
    (tmp_path / "json.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", ["", ".", str(tmp_path), "relative", *sys.path])
    ((path, imported, folder, json),) = [said.value for said in frames(jobs.circumstances)]
    assert path.index(HOME) > path.index(os.path.dirname(os.__file__))
    assert not {"", ".", str(tmp_path), "relative"} & set(path)
    assert not json.startswith(str(tmp_path))
    assert folder == str(tmp_path)
    assert "subprocess" not in imported


def test_a_light_worker_imports_little() -> None:
    """The process of a contained query imports what it needs, and neither orjson nor typing nor contextlib."""
    code = "import sys; sys.path.append(sys.argv[1]); import telemetry_store.frames, telemetry_store.engines.sqlite.guard; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code, HOME], capture_output=True, text=True, check=True)
    assert not {"orjson", "typing", "contextlib", "dataclasses", "re", "telemetry_store.store"} & set(
        done.stdout.split()
    )


def test_what_a_library_prints_is_no_frame() -> None:
    """Standard output belongs to the frames alone."""
    assert frames(jobs.prints) == [Said("heard")]


def test_errors_of_ours_are_raised_here() -> None:
    """An error of this package comes with its class, text and hint; frames before it are not lost."""
    with Worker(jobs.refuses, Job(), (Said,)) as running:
        arriving = iter(running)
        assert next(arriving).value == 1
        with pytest.raises(QueryStopped, match=r"^stopped \(a hint\)$"):
            next(arriving)


@pytest.mark.parametrize(("target", "text"), [(jobs.fails, "KeyError: 'nothing'"), (jobs.dies, "status 9")])
@pytest.mark.parametrize("waiting", [0, 3])
def test_a_worker_that_is_lost(target, text: str, waiting: int) -> None:
    """Any other error, and an end before the work's, is WorkerLost and says how, after the frames before it."""
    with Worker(target, Job(), (Said,), waiting=waiting) as running:
        arriving = iter(running)
        assert next(arriving).value == 1
        with pytest.raises(WorkerLost, match=text):
            next(arriving)


def test_no_process_can_be_started(monkeypatch) -> None:
    """Where there is no interpreter, entering the block says so."""
    monkeypatch.setattr(worker, "_interpreter", lambda: "/no/such/python")
    with pytest.raises(WorkerUnstarted, match="No such file"):
        frames(jobs.count)


def test_the_interpreter_of_a_server(monkeypatch) -> None:
    """Where Python is part of another program, that program is not started again."""
    monkeypatch.setattr(sys, "executable", "/usr/sbin/server")
    assert os.path.isabs(worker._interpreter())
    assert [said.value for said in frames(jobs.count, Job(1))] == [0]


@pytest.mark.parametrize("target", [jobs.sleeps, jobs.spins])
def test_the_deadline(target) -> None:
    """At its deadline a worker is killed, whatever it does."""
    start = time.monotonic()
    with pytest.raises(WorkerLost, match="status -9"):
        frames(target, Job(60), limits=Limits(deadline=0.5))
    assert time.monotonic() - start < 10


@pytest.mark.skipif(sys.platform != "linux", reason="the system keeps the limit")
def test_limits_of_memory_and_files(tmp_path: Path) -> None:
    """More memory than allowed is an error, as is a larger file; less is none."""
    limits = Limits(memory=64 << 20, file=1 << 20)
    assert frames(jobs.grows, Job(32 << 20), limits=limits)[0].value == 32 << 20
    with pytest.raises(WorkerLost, match="MemoryError"):
        frames(jobs.grows, Job(128 << 20), limits=limits)
    assert frames(jobs.writes, Job(1 << 19, tmp_path / "a"), limits=limits)[0].value == 1 << 19
    with pytest.raises(WorkerLost):
        frames(jobs.writes, Job(2 << 20, tmp_path / "b"), limits=limits)


@pytest.mark.parametrize("waiting", [0, 3])
def test_leaving_ends_it(waiting: int) -> None:
    """Leaving the block, or dropping its frames half-way, ends the process and its threads."""
    before = threading.active_count()
    with Worker(jobs.spins, Job(), (Said,), waiting=waiting) as running:
        arriving = iter(running)
        pid = next(arriving).value
        assert is_alive(pid)
    assert not is_alive(pid)
    del arriving
    gc.collect()
    assert threading.active_count() == before


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks into /proc")
@pytest.mark.parametrize("target", ["sleeps", "spins"])
def test_the_parents_end_is_noticed(target: str) -> None:
    """A worker whose parent was killed with SIGKILL is gone soon, busy or not."""
    code = (
        "import sys, time; from tests.telemetry_store import jobs; from telemetry_store.worker import Worker\n"
        "with Worker(getattr(jobs, sys.argv[1]), jobs.Job(60), (jobs.Said,)) as running:\n"
        "    arriving = iter(running); print(next(arriving).value, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, target], stdout=subprocess.PIPE, text=True, cwd=HOME) as parent:
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.kill()
    assert ends(pid)


def test_an_interrupt_belongs_to_the_parent() -> None:
    """SIGINT to the whole group, as a terminal sends it, leaves the worker to its parent."""
    with Worker(jobs.sleeps, Job(1), (Said,)) as running:
        arriving = iter(running)
        os.kill(next(arriving).value, signal.SIGINT)
        assert list(arriving) == []


def test_a_program_of_the_user(tmp_path: Path) -> None:
    """It runs in its folder, with its environment, and its output can be had."""
    code = "import os; print(os.getcwd(), os.environ['MINE'])"
    command = [sys.executable, "-c", code]
    program = start_program(command, folder=tmp_path, environment={**os.environ, "MINE": "x"}, captured=True)
    assert program.communicate()[0].split() == [os.path.realpath(tmp_path), "x"]


def test_installed_packages_are_trusted_wherever_one_stands(monkeypatch) -> None:
    """A folder of installed packages stays in the path, also when it is the working directory."""
    (folder, *_) = site.getsitepackages()
    monkeypatch.chdir(folder)
    assert trusted(["", ".", folder, "relative"]) == [folder]


def test_what_pythonpath_names_comes_last(tmp_path: Path, monkeypatch) -> None:
    """A module there hides none of the standard library or of the installed packages; the order stays otherwise."""
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}.{os.pathsep}{tmp_path / 'b'}")
    monkeypatch.chdir(tmp_path / "..")
    rest = [entry for entry in sys.path if os.path.isabs(entry)]
    assert trusted([str(tmp_path), str(tmp_path / "b"), *rest]) == [*rest, str(tmp_path), str(tmp_path / "b")]
