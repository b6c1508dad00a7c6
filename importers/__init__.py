"""Old files into tables, each line exactly once.

This package stands on the store; the store never imports it.
"""

from .follow import Follower, Lag
from .import_plan import Plan, load
from .imports import import_paths
from .rehearsal import PlannedTable, Presence, Rehearsal, rehearse
from .rejects import Replayed, export, mended, replay
from .summary import FileSummary, Outcome
from .verify import Verdict, Verified, verify

__all__ = [
    "FileSummary",
    "Follower",
    "Lag",
    "Outcome",
    "Plan",
    "PlannedTable",
    "Presence",
    "Rehearsal",
    "Replayed",
    "Verdict",
    "Verified",
    "export",
    "import_paths",
    "load",
    "mended",
    "rehearse",
    "replay",
    "verify",
]
