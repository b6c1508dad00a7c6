"""The one way to start a process of ours, and a program of the user's.

A worker calls one function of ours with one job, and sends back the frames that the function yields. It takes no name
from the working directory or the environment: its interpreter is isolated, and it imports from the standard library,
then from our own folders, then from where this process trusts. It ends when this process does, at its deadline, or
when it takes more than it may. `frames.py` is its end.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import pickle
import subprocess
import sys
import threading
from dataclasses import astuple, dataclass
from typing import IO, TYPE_CHECKING, Any, Generic, TypeVar

from telemetry_store import errors
from telemetry_store.ahead import prefetched
from telemetry_store.frames import END, FAILURE, received, send
from telemetry_store.import_path import HOME, trusted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

    from telemetry_store.frames import Call

_Job = TypeVar("_Job")
_Frame = TypeVar("_Frame")
_CODE = "import sys; sys.path.append(sys.argv[1]); from telemetry_store.frames import serve; serve()"


class WorkerLost(ChildProcessError):
    """A worker ended before its work did; the text says how, as far as that is known."""


class WorkerUnstarted(WorkerLost):
    """No process could be started."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may take; what is None is not limited, and some systems can keep the deadline only.

    Attributes:
        deadline: seconds until it is killed.
        memory: bytes beyond what it begins its work with.
        file: bytes of the largest file that it may write.
    """

    deadline: float | None = None
    memory: int | None = None
    file: int | None = None


_UNLIMITED = Limits()


class Worker(Generic[_Frame]):
    """A process that does one piece of work while a block runs; iterating over it gives the frames as they come.

    Args:
        target: what it calls: a function at the top level of a package's module.
        job: the function's argument.
        kinds: the types of what the function yields: frozen dataclasses of plain values.
        limits: what it may take.
        waiting: so many frames are read by a thread while this process does something else, and wait undecoded; without
            any, the worker waits.

    Raises:
        WorkerUnstarted: the block is entered, and no process can be started.
        TelemetryError: while iterating: the function has raised it.
        WorkerLost: while iterating: the process was killed, or the function has raised something else.
    """

    def __init__(
        self,
        target: Callable[[_Job], Iterable[_Frame]],
        job: _Job,
        kinds: tuple[type[_Frame], ...],
        *,
        limits: Limits = _UNLIMITED,
        waiting: int = 0,
    ) -> None:
        folders, self._waiting = _folders_of(target.__module__), waiting
        call: Call = (folders, target.__module__, target.__name__, pickle.dumps(job), astuple(limits))
        self._call = marshal.dumps(call)
        self._kinds = {kind.__name__: kind for kind in kinds}
        self._deadline = limits.deadline

    def __enter__(self) -> Worker[_Frame]:
        self._process = _started()
        self._killer = threading.Timer(self._deadline or 0.0, self._process.kill)
        self._killer.daemon = True
        with contextlib.ExitStack() as stack:
            stack.callback(self.__exit__)
            if self._deadline is not None:
                self._killer.start()
            with contextlib.suppress(BrokenPipeError):  # it is gone already: whoever wants its frames hears of it
                send(_pipe(self._process.stdin), self._call)
            stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._killer.cancel()
        self._process.kill()
        with contextlib.suppress(BrokenPipeError), self._process:
            pass  # closes its pipes and waits for its end

    def __iter__(self) -> Generator[_Frame]:
        arriving = iter(lambda: received(_pipe(self._process.stdout)), None)
        with contextlib.ExitStack() as stack:
            if self._waiting:
                arriving = stack.enter_context(contextlib.closing(prefetched(arriving, self._waiting)))
            stack.callback(self._process.kill)  # before that, so that the thread's reading ends
            for data in arriving:
                name, fields = marshal.loads(data)  # noqa: S302 - a process of ours has written it
                if name == END:
                    return
                if name == FAILURE:
                    raise _error_of(*fields)
                yield self._kinds[name](*fields)
            raise WorkerLost(f"the process has ended too early, with status {self._process.wait()}")


def _pipe(pipe: IO[bytes] | None) -> Any:
    """One of the pipes to a process that has both."""
    return pipe


def _folders_of(module: str) -> list[str]:
    """Where a worker imports from after the standard library: its function's package first."""
    package = sys.modules[module.partition(".")[0]]
    own = [os.path.dirname(os.path.abspath(folder)) for folder in package.__path__]
    return list(dict.fromkeys([*own, HOME, *trusted(sys.path)]))


def _started() -> subprocess.Popen[bytes]:
    options = ["-I", "-S", "-X", f"utf8={sys.flags.utf8_mode}", *(["-B"] if sys.dont_write_bytecode else [])]
    try:
        return subprocess.Popen(  # noqa: S603 - our own code
            [_interpreter(), *options, "-c", _CODE, HOME],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise WorkerUnstarted(str(error)) from error


def _interpreter() -> str:
    """This interpreter; where Python is part of another program, such as a server, the one that it comes from."""
    if os.path.basename(sys.executable or "").startswith(("python", "pypy")):
        return sys.executable
    if os.name == "nt":
        return os.path.join(sys.base_exec_prefix, "python.exe")
    return os.path.join(sys.base_exec_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")


def _error_of(kind: str, ours: bool, text: str, hint: str) -> Exception:  # noqa: FBT001 - the fields of a frame
    error: Exception = getattr(errors, kind)(text, hint) if ours else WorkerLost(f"{kind}: {text}")
    return error


def start_program(
    command: Sequence[str],
    *,
    folder: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] | None = None,
    captured: bool = False,
) -> subprocess.Popen[str]:
    """Start a program of the user's, with the standard streams of this process.

    Args:
        command: the program and its arguments.
        folder: its working directory; None for that of this process.
        environment: its variables; None for those of this process.
        captured: whether its standard output goes into a pipe instead.

    Raises:
        OSError: it cannot be started.
    """
    output = subprocess.PIPE if captured else None
    return subprocess.Popen(list(command), cwd=folder, env=environment, stdout=output, text=True)  # noqa: S603
