"""One process of the switched project: python -m switched.run DATABASE NAME COUNT.

Prints the number of heartbeats that are safe after each, so that whoever kills it knows what it was told.
"""

from __future__ import annotations

import os
import sys
import time

from telemetry_store import TelemetryStore

from .modules import beat, log_confidence, log_message, log_permission


def main(database: str, name: str, count: int) -> None:
    """Record heartbeats and a few other events, and say after each heartbeat that it is safe."""
    store = TelemetryStore(database)
    for number in range(count):
        beat(store, name, number)
        os.write(1, f"{number + 1}\n".encode())
        if number % 10 == 0:
            log_permission(store, name, "granted", "edit")
            log_confidence(store, name, 0.5, 0.6)
            log_message(store, f"session_{name}", name, "still here")
        time.sleep(0.002)
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
