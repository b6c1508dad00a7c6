"""Old SQLite databases into one: planned, rehearsed, merged in one transaction, and undone if need be."""

from .conflicts import Conflict, examine
from .failure import MergeFailed
from .plan import Plan, draft, plan_text, read_plan, updated
from .rollback import RolledBack, rollback
from .run import Merged, merge
from .source import Database, databases_in

__all__ = [
    "Conflict",
    "Database",
    "MergeFailed",
    "Merged",
    "Plan",
    "RolledBack",
    "databases_in",
    "draft",
    "examine",
    "merge",
    "plan_text",
    "read_plan",
    "rollback",
    "updated",
]
