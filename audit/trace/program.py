"""A program that runs with the recorder inside."""

from __future__ import annotations

import contextlib
import math
import os
import re
import shlex
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from audit.trace.opens import opens
from audit.trace.recording import Process, read
from audit.trace.trace import Trace
from audit.trace.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HOOK = Path(__file__).with_name("hook")
"""The directory that goes first on ``PYTHONPATH``."""
GRACE = 3.0
"""Seconds that a program has to end after it was asked to."""
_LONGEST_PAUSE = 0.05
"""Seconds between two looks whether a program has ended, at most."""
_PYTHON = re.compile(r"(python|pypy)[\d.]*w?(\.exe)?", re.IGNORECASE)
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})


class Program(Protocol):
    """A program that runs."""

    def poll(self) -> int | None:
        """Its status; None while it runs."""

    def send_signal(self, sig: int, /) -> None:
        """Send it a signal."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""


class StartProgram(Protocol):
    """Starts a program with an environment, and with the standard streams and the directory of this process."""

    def __call__(self, command: Sequence[str], *, environment: Mapping[str, str]) -> Program:
        """The program; raises ``OSError`` when it cannot be started."""


def run(command: Sequence[str], root: Path, start: StartProgram, *, timeout: float | None = None) -> Trace:
    """Run a program and record which files it and its Python children open.

    The program has the current directory, the standard streams and the terminal of this process.

    Args:
        command: The program and its arguments.
        root: The directory of the project: places in it are named, and files relative to it.
        start: Starts it, as ``telemetry_store.worker.start_program`` does.
        timeout: Seconds after which the program is ended; None waits for ever.

    Returns:
        The trace. What a killed program recorded until then is in it.

    Raises:
        OSError: The program cannot be started.
    """
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="telemetry-trace-") as name:
        directory = Path(name).resolve()
        watch = Watch(directory)
        process = start(command, environment=_environment(directory, root))
        with _passing_on(process):
            status, ended = _wait(process, timeout, watch)
        seconds = time.monotonic() - begin
        processes = read(directory)
        found = opens(processes, os.path.abspath(root), watch.together)
    notes = _notes(command, processes)
    if ended:
        notes.insert(0, f"The program was ended after {timeout:g} s; processes that it started may still run.")
    return Trace(
        command=tuple(command),
        root=os.path.abspath(root),
        status=status,
        seconds=seconds,
        processes=len(processes),
        opens=found,
        notes=tuple(notes),
    )


def _environment(directory: Path, root: Path) -> dict[str, str]:
    path = os.environ.get("PYTHONPATH")
    roots = dict.fromkeys([os.path.abspath(root), os.path.realpath(root)])
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(HOOK), path] if path else [str(HOOK)]),
        "TELEMETRY_TRACE": str(directory),
        "TELEMETRY_TRACE_ROOTS": "\n".join(roots),
    }


@contextlib.contextmanager
def _passing_on(process: Program) -> Iterator[None]:
    """Give the program the signals that ask this process to end; its answer to them counts."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda got, _: process.send_signal(got)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(process: Program, timeout: float | None, watch: Watch) -> tuple[int, bool]:
    """The status of a program, and whether it had to be ended."""
    end = math.inf if timeout is None else time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        # an interrupt goes to the program too, from the terminal, and its answer to it counts
        with contextlib.suppress(KeyboardInterrupt):
            status = _status(process, min(watch.look(), left))
            if status is not None:
                return status, False
    process.terminate()
    status = _status(process, GRACE)
    if status is None:
        process.kill()
        status = _status(process, math.inf)
    return status or 0, True


def _status(process: Program, seconds: float) -> int | None:
    """The status of a program that ends within so many seconds; None where it does not."""
    end, pause = time.monotonic() + seconds, 0.0005
    while (status := process.poll()) is None and (left := end - time.monotonic()) > 0:
        pause = min(2 * pause, left, _LONGEST_PAUSE)
        time.sleep(pause)
    return status


def _notes(command: Sequence[str], processes: Sequence[Process]) -> list[str]:
    notes: list[str] = []
    able = [each for each in processes if each.version and _number(each.version) >= (3, 8)]
    flag = closed(command)
    if flag:
        notes.append(f"{shlex.join(command)}: Python with {flag} loads nothing from outside, so it was not traced.")
    elif not able:
        notes.append("No Python process was traced: none was started, or PYTHONPATH did not reach it.")
    old = sorted({each.version for each in processes if each.version and each not in able})
    notes += [f"Python {version} has no audit hooks (3.8 has), so its processes were not traced." for version in old]
    for whole, words in dict.fromkeys(started for each in processes for started in each.commands):
        flag = closed(words)
        if flag:
            notes.append(f"{_short(words)}: Python with {flag} loads nothing from outside, so it was not traced.")
        elif not whole:
            notes.append(f"{_short(words)}: started with an environment of its own, so Python in it was not traced.")
    cut = [each.pid for each in processes if each.cut]
    notes += [f"Process {pid} opened so much that not all of it was recorded." for pid in cut]
    alive = sorted({each.pid for each in processes if each.openings and _runs(each.pid)})
    if alive:
        pids = ", ".join(map(str, alive))
        notes.append(f"Processes that still run ({pids}): what they open from now on is not seen.")
    return list(dict.fromkeys(notes))


def closed(words: Sequence[str]) -> str:
    """The option by which a command keeps its Python from loading the recorder, or an empty string.

    Args:
        words: The command; also a shell with ``-c``, or a script whose first line names its interpreter.
    """
    words = list(words)
    if len(words) == 1 and " " in words[0]:
        words = _split(words[0])
    for at, word in enumerate(words):
        name = os.path.basename(word)
        if _PYTHON.fullmatch(name) and (option := _option(words[at + 1 :])):
            return option
        if name in _SHELLS and "-c" in words[at:-1]:
            return closed(_split(words[words.index("-c", at) + 1]))
        if at == 0 and (shebang := _shebang(word)):
            return closed(shebang)
    return ""


def _option(words: Sequence[str]) -> str:
    values = iter(words)
    for word in values:
        if not re.fullmatch(r"-[A-Za-z?]\S*", word):
            return ""
        letters = re.split(r"[cmWX]", word[1:], maxsplit=1)
        hit = next((letter for letter in letters[0] if letter in "ISE"), "")
        if hit:
            return f"-{hit}"
        if len(letters) > 1 and word[1 + len(letters[0])] in "cm":
            return ""
        if len(letters) > 1 and not letters[1]:
            next(values, "")  # -W and -X take the next word
    return ""


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def _shebang(word: str) -> list[str]:
    found = shutil.which(word)
    if not found:
        return []
    with open(found, "rb") as file:
        line = file.readline(500)
    return _split(line[2:].decode("utf-8", "replace").strip()) if line.startswith(b"#!") else []


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _short(words: Sequence[str]) -> str:
    text = shlex.join(words)
    return text if len(text) <= 100 else text[:99] + "…"


def _runs(pid: int) -> bool:
    if os.name == "nt":
        return False  # there the signal 0 would end the process
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
