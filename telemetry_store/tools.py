"""Where the tools are, the packages `audit` and `importers`; nothing on an application's path imports this.

A user's code may have packages of these names. So an installed package keeps its own inside itself, and the command
puts their folder first in the path of its own process.
"""

from __future__ import annotations

import os
import sys

from telemetry_store.import_path import HOME


def provide() -> None:
    """Let this process import `audit` and `importers` before any others of these names."""
    inside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_tools")
    folder = inside if os.path.isdir(inside) else HOME  # the second in a checkout
    sys.path[:] = [folder, *(entry for entry in sys.path if entry != folder)]
