"""Ways in which a process can end after recording; each is run as a program of its own.

Usage: exits.py DATABASE SHAPE. It prints how many events were acknowledged, flushed at once.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import signal
import sys
import threading
import time

from telemetry_store import TelemetryStore

EVENTS = 50
DATABASE = sys.argv[1] if len(sys.argv) > 1 else ""


def say(count: int) -> None:
    """Acknowledge on standard output, whatever happens next."""
    os.write(1, f"{count}\n".encode())


def record(store: TelemetryStore | None = None, writer: int = 0) -> TelemetryStore:
    """Record a few events and say so."""
    store = store or TelemetryStore(DATABASE)
    for number in range(EVENTS):
        store.record("crash_events", {"w": writer, "n": number, "process": os.getpid()})
    say(EVENTS)
    return store


def in_worker(_: int) -> None:
    """What a pool's worker does."""
    record()


def normal_end() -> None:
    """The program comes to its end."""
    record()


def closed() -> None:
    """The store is closed."""
    record().close()


def uncaught_exception() -> None:
    """An exception nobody catches."""
    record()
    raise SystemError("on purpose")


def sys_exit() -> None:
    """sys.exit with a status."""
    record()
    sys.exit(1)


def os_exit() -> None:
    """No exit hook runs."""
    record()
    os._exit(0)


def sigterm() -> None:
    """SIGTERM with its default action."""
    record()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)


def sigint() -> None:
    """Ctrl-C."""
    record()
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)


def sigkill() -> None:
    """kill -9."""
    record()
    os.kill(os.getpid(), signal.SIGKILL)


def non_daemon_thread() -> None:
    """A thread records after the main thread has ended."""
    thread = threading.Thread(target=lambda: (time.sleep(0.2), record()))
    thread.start()


def fork_child() -> None:
    """A multiprocessing child by fork, with a store that its parent has used."""
    store = record()
    child = multiprocessing.get_context("fork").Process(target=record, args=(store, 1))
    child.start()
    child.join()


def fork_child_own_store() -> None:
    """A multiprocessing child by fork that makes its own store."""
    child = multiprocessing.get_context("fork").Process(target=record)
    child.start()
    child.join()


def spawn_child() -> None:
    """A multiprocessing child by spawn."""
    child = multiprocessing.get_context("spawn").Process(target=in_worker, args=(0,))
    child.start()
    child.join()


def pool() -> None:
    """Workers of a ProcessPoolExecutor."""
    record()
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as executor:
        list(executor.map(in_worker, range(4)))


def at_exit_hook() -> None:
    """An exit hook of the application that records."""
    import atexit

    atexit.register(record)


def destructor() -> None:
    """An object that records when the interpreter takes it down."""
    store = TelemetryStore(DATABASE)

    class Recorder:
        def __del__(self) -> None:
            record(store)

    globals()["kept"] = Recorder()


SHAPES = (
    normal_end, closed, uncaught_exception, sys_exit, os_exit, sigterm, sigint, sigkill, non_daemon_thread, fork_child,
    fork_child_own_store, spawn_child, pool, at_exit_hook, destructor,
)  # fmt: skip

if __name__ == "__main__":
    {shape.__name__: shape for shape in SHAPES}[sys.argv[2]]()
