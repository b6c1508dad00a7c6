"""Old files into tables, each line exactly once.

This package stands on the store; the store never imports it.
"""

from .follow import Follower, Lag
from .import_plan import Plan, load
from .imports import import_paths
from .rehearsal import PlannedTable, Rehearsal, rehearse
from .rejects import Replayed, export, mended, replay
from .summary import FileSummary
from .verify import Verified, verify

__all__ = [
    "FileSummary",
    "Follower",
    "Lag",
    "Plan",
    "PlannedTable",
    "Rehearsal",
    "Replayed",
    "Verified",
    "export",
    "import_paths",
    "load",
    "mended",
    "rehearse",
    "replay",
    "verify",
]
