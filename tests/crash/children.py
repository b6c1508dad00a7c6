"""Processes that a test forks, and kills."""

from __future__ import annotations

import os
import traceback


def in_child(work, *arguments) -> int:
    """Run something in a forked child and return its process id; its exit status is 1 where an exception ended it."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work(*arguments)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)
