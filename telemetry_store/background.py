"""What a store does without being called: it drains and syncs in threads of its own, and lives through forks and exits.

Nothing depends on the threads: exit hooks do not run on `os._exit`, on SIGTERM, or in forked workers. What they leave
in the spool is drained by the next process that opens the store.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING

from telemetry_store.errors import TelemetryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry_store.drain import Drain
    from telemetry_store.spool import Spool

#: How often the segments of dead processes are looked for while nothing is recorded here, in seconds.
_LOOK_ROUND = 2.0
#: The longest pause between two drains while the database refuses, in seconds.
_SLOWEST = 1.0
#: How long the end of the interpreter may wait for others that hold a lock, in seconds.
_AT_EXIT = 1.0
#: How long a thread is waited for that was told to end, in seconds.
_PATIENCE = 5.0


class Background:
    """The threads of one store, and the drain that they share with its calls.

    Args:
        spool: what is synced.
        make_drain: makes the drain when it is first wanted, so that recording costs no drain and no database.
        drain_interval: seconds between drains; 0 switches them off.
        sync_interval: seconds between synchronisations; 0 switches them off.
        after_fork: called in the child of a fork, when everything here has begun anew.

    Attributes:
        last_error: what went wrong last in the background; None once a drain has gone well again.
    """

    def __init__(
        self,
        spool: Spool,
        make_drain: Callable[[], Drain],
        drain_interval: float,
        sync_interval: float,
        after_fork: Callable[[], None],
    ) -> None:
        self.spool = spool
        self._make_drain = make_drain
        self._intervals = (drain_interval, sync_interval)
        self._after_fork = weakref.WeakMethod(after_fork)
        self._own_drain: Drain | None = None
        self._begin()
        _ALL.add(self)

    def _begin(self) -> None:
        """Start with no threads, as a new process does."""
        self._making = threading.RLock()
        self._starting = threading.Lock()
        self._running = False
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.last_error: TelemetryError | None = None

    @property
    def drain(self) -> Drain:
        """The one drain of the store."""
        if self._own_drain is None:
            with self._making:
                if self._own_drain is None:
                    self._own_drain = self._make_drain()
        return self._own_drain

    def start(self) -> None:
        """Start the threads, unless they run; a thread that is started at the end of the interpreter never runs."""
        with self._starting:
            if self._running or _exiting or sys.is_finalizing():
                return
            self._running = True
            for name, loop, interval in (
                ("telemetry-drain", _drain_loop, self._intervals[0]),
                ("telemetry-sync", _sync_loop, self._intervals[1]),
            ):
                if interval > 0:
                    thread = threading.Thread(target=loop, args=(weakref.ref(self), self._stop, interval), name=name)
                    thread.daemon = True
                    with contextlib.suppress(RuntimeError):  # the interpreter is shutting down
                        thread.start()
                        self._threads.append(thread)

    def note(self, error: TelemetryError) -> None:
        """Remember what went wrong; say it once per kind."""
        if type(error) is not type(self.last_error):
            import logging

            logging.getLogger("telemetry_store").warning(
                "telemetry cannot be drained: %s; events wait in %s", error, self.spool.directory
            )
        self.last_error = error

    def halt(self) -> None:
        """End the threads."""
        self._stop.set()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=_PATIENCE)
        self._threads.clear()

    def close(self) -> None:
        """Let go of the drain; the threads have ended."""
        if self._own_drain is not None:
            self._own_drain.close()
        _ALL.discard(self)

    def at_exit(self) -> None:
        """Spare the next process the work, if that is quickly done; recording goes on to work."""
        self.halt()
        with contextlib.suppress(TelemetryError, OSError):
            self.drain.run(_AT_EXIT, tidy=True)

    def before_fork(self) -> None:
        """Wait until nothing is under way that must not be half done in the child."""
        self._starting.acquire()
        self.spool.before_fork()
        self._making.acquire()
        if self._own_drain is not None:
            self._own_drain.before_fork()

    def after_fork_in_parent(self) -> None:
        """Go on as before."""
        if self._own_drain is not None:
            self._own_drain.after_fork_in_parent()
        self._making.release()
        self.spool.after_fork_in_parent()
        self._starting.release()

    def after_fork_in_child(self) -> None:
        """Drop what belongs to the parent, and begin anew."""
        if self._own_drain is not None:
            self._own_drain.after_fork_in_child()
        self.spool.after_fork_in_child()
        self._begin()
        if (after_fork := self._after_fork()) is not None:
            after_fork()


def _drain_loop(reference: weakref.ref[Background], stop: threading.Event, interval: float) -> None:
    """Drain when something was recorded here, and look round for the segments of dead processes now and then."""
    seen: tuple[str, int] = ("", 0)
    looked, pause = time.monotonic(), interval
    while not stop.wait(pause):
        background = reference()
        if background is None:
            return
        position, now = background.spool.own_segment(), time.monotonic()
        due = now - looked >= _LOOK_ROUND
        if position == seen and not due:
            continue
        try:
            complete = background.drain.run(0.0, tidy=due).complete
            background.last_error = None
            seen = position if complete else seen
            looked, pause = now if due else looked, interval
        except Exception as error:  # noqa: BLE001 - the loop must live on; the error is kept and told
            background.note(
                error if isinstance(error, TelemetryError) else TelemetryError(f"{type(error).__name__}: {error}")
            )
            pause = min(pause * 2, _SLOWEST)
        del background


def _sync_loop(reference: weakref.ref[Background], stop: threading.Event, interval: float) -> None:
    seen: tuple[str, int] = ("", 0)
    while not stop.wait(interval):
        background = reference()
        if background is None:
            return
        position = background.spool.own_segment()
        if position != seen:
            try:
                background.spool.sync()
            except (OSError, TelemetryError) as error:
                background.note(TelemetryError(f"cannot sync the spool: {error}"))
            seen = position
        del background


_ALL: weakref.WeakSet[Background] = weakref.WeakSet()
_forking: list[Background] = []
_exiting = False


def _before_fork() -> None:
    _forking[:] = list(_ALL)
    for background in _forking:
        background.before_fork()


def _after_fork_in_parent() -> None:
    for background in reversed(_forking):
        background.after_fork_in_parent()
    _forking.clear()


def _after_fork_in_child() -> None:
    for background in _forking:
        background.after_fork_in_child()
    _forking.clear()


def _at_exit() -> None:
    global _exiting  # noqa: PLW0603 - from here on no thread is started
    _exiting = True
    for background in list(_ALL):
        background.at_exit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
