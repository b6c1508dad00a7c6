"""What travels between a process of ours and a worker, and the worker's end of it; `worker.py` is the other.

A call comes first, with the job as a pickle, from us to us. What goes back is a frame for each thing that the function
yields: its length, and in the `marshal` format, which carries plain values of any number at little cost, the name of
its type and its fields. A contained query waits for a worker to start, so this file imports next to nothing: `typing`
and `contextlib` alone would take it as long as SQLite does.
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, BinaryIO, TypeAlias

    #: Seconds until it is killed, bytes of memory beyond what it begins with, and bytes of the largest file.
    Limits: TypeAlias = tuple[float | None, int | None, int | None]
    #: Where to import from after the standard library, a module, a function in it, its argument, what it may take.
    Call: TypeAlias = tuple[list[str], str, str, bytes, Limits]

#: What stands in a frame instead of a type's name: the work is done, or it has failed.
END, FAILURE = "", "!"
#: How many bytes say how long a frame is.
_PREFIX = 8
#: The stack of the thread that waits for the parent's end, in bytes; it counts as memory of the worker.
_STACK = 128 << 10


def encoded(frame: Any) -> bytes:
    """A frame as bytes: an object whose class names its fields in `__match_args__`, as a dataclass does."""
    return marshal.dumps((type(frame).__name__, [getattr(frame, name) for name in type(frame).__match_args__]))


def send(pipe: BinaryIO, data: bytes) -> None:
    """Write so many bytes, with their number before them."""
    pipe.write(len(data).to_bytes(_PREFIX, "little") + data)
    pipe.flush()


def received(pipe: BinaryIO) -> bytes | None:
    """What was sent next; None where the pipe ends."""
    length = int.from_bytes(pipe.read(_PREFIX), "little")
    data = pipe.read(length)
    return data if length and len(data) == length else None


def serve() -> None:
    """Do the work that standard input names, send its frames to standard output, and end the process."""
    import _signal  # type: ignore[import-not-found]  # what `signal` is made of, without its enums

    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)  # whoever started this process ends it
    data = received(sys.stdin.buffer)
    if data is not None:
        _watch_the_parent()
        pipe = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)  # what a library prints is no frame
        try:
            _work(marshal.loads(data), pipe)  # noqa: S302 - the process that started this one has written it
        except BrokenPipeError:  # it wants no more
            os._exit(1)
    os._exit(0)  # there is nothing to be flushed into a pipe that is gone


def _work(call: Call, pipe: BinaryIO) -> None:
    from _pickle import loads

    path, module, function, job, limits = call
    sys.path += [folder for folder in path if folder not in sys.path]
    try:
        __import__(module)
        target: Callable[[Any], Iterable[Any]] = getattr(sys.modules[module], function)
        argument = loads(job)
        _restrict(limits)
        for frame in target(argument):
            send(pipe, encoded(frame))
        send(pipe, marshal.dumps((END, ())))
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - it is raised at the other end
        ours = type(error).__module__ == "telemetry_store.errors"
        text = str(error.args[0]) if ours else str(error)
        send(pipe, marshal.dumps((FAILURE, (type(error).__name__, ours, text, getattr(error, "hint", "")))))


def _watch_the_parent() -> None:
    """End this process when the other end of standard input is gone: so a parent's end shows on every system."""
    import _thread

    running = _thread.allocate_lock()
    running.acquire()

    def wait() -> None:
        running.release()
        os.read(0, 1)
        os._exit(1)

    _thread.stack_size(_STACK)
    try:
        _thread.start_new_thread(wait, ())
    except RuntimeError:  # the system gives no more threads
        return
    running.acquire()  # what the thread needs, it has before memory is limited


def _restrict(limits: Limits) -> None:
    """Limit what this process may take, where the system can."""
    try:
        import resource
    except ImportError:  # pragma: no cover - Windows
        return
    deadline, memory, file = limits
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if deadline is not None:
        seconds = int(deadline) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    if file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file, file))
    if memory is not None:
        try:
            with open("/proc/self/statm", encoding="ascii") as status:
                space = int(status.read().split()[0]) * resource.getpagesize() + memory
            resource.setrlimit(resource.RLIMIT_AS, (space, space))
        except (OSError, ValueError, IndexError):  # not Linux
            pass
