"""Recording that is interrupted: by forks, by signals whose handlers record, by exceptions from handlers.

Usage: interruptions.py DATABASE KIND COUNT. It prints the acknowledged events of each writer as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from telemetry_store import Settings, TelemetryStore


def forks(store: TelemetryStore, count: int) -> dict[str, int]:
    """Fork `count` times while two threads record; every child records too and leaves with os._exit."""
    acknowledged = {"0": 0, "1": 0}
    stop = threading.Event()

    def work(writer: int) -> None:
        number = 0
        while not stop.is_set():
            store.record("crash_events", {"w": writer, "n": number})
            number += 1
            acknowledged[str(writer)] = number
            if number % 100 == 0:
                time.sleep(0.01)

    threads = [threading.Thread(target=work, args=(writer,)) for writer in (0, 1)]
    for thread in threads:
        thread.start()
    children = []
    for turn in range(count):
        child = os.fork()
        if child == 0:
            for number in range(20):
                store.record("crash_events", {"w": 2 + turn, "n": number})
            if turn % 10 == 0:
                store.flush(30)
            os._exit(0)
        children.append(child)
        acknowledged[str(2 + turn)] = 20
        if len(children) > 8:
            assert os.waitpid(children.pop(0), 0)[1] == 0
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    stop.set()
    for thread in threads:
        thread.join()
    return acknowledged


def signals(store: TelemetryStore, count: int) -> dict[str, int]:
    """The main thread records while `count` signals come, whose handler records as well."""
    handled = recorded = 0

    def handle(*_: object) -> None:
        nonlocal handled
        number = handled
        handled += 1  # before the call, since another signal may interrupt this handler
        store.record("crash_events", {"w": 1, "n": number})

    signal.signal(signal.SIGUSR1, handle)
    sender = _sender(lambda: handled < count)
    while sender.is_alive():
        store.record("crash_events", {"w": 0, "n": recorded})
        recorded += 1
        if recorded % 100 == 0:
            time.sleep(0.001)
    return {"0": recorded, "1": handled}


def exceptions(store: TelemetryStore, count: int) -> dict[str, int]:
    """The handler raises, as Ctrl-C does, in the middle of whatever the main thread does."""
    raised = recorded = 0
    recording = False

    def handle(*_: object) -> None:
        nonlocal raised, recording
        if recording:
            recording = False
            raised += 1
            raise KeyboardInterrupt

    signal.signal(signal.SIGUSR1, handle)
    sender = _sender(lambda: raised < count)
    while sender.is_alive():
        try:
            recording = True
            store.record("crash_events", {"w": 0, "n": recorded})
            recording = False
        except KeyboardInterrupt:
            pass
        recorded += 1  # an interrupted call may or may not have stored its event: its number is not used again
    return {"0": recorded, "raised": raised}


def _sender(more: Callable[[], bool]) -> threading.Thread:
    def send() -> None:
        while more():
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(0.0005)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


if __name__ == "__main__":
    opened = TelemetryStore(settings=Settings(database=sys.argv[1], drain_interval=0.01))
    result = {"forks": forks, "signals": signals, "exceptions": exceptions}[sys.argv[2]](opened, int(sys.argv[3]))
    os.write(1, json.dumps(result).encode())
    os._exit(0)
