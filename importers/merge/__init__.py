"""Old SQLite databases into one: planned, rehearsed, merged in one transaction, and undone if need be."""

from .conflicts import Conflict, examine
from .failure import MergeFailed
from .merge_plan import Action, Plan, draft, plan_text, read_plan, updated
from .old_database import OldDatabase, databases_in
from .rollback import RollbackStatus, RolledBack, rollback
from .run import Merged, MergeStatus, merge

__all__ = [
    "Action",
    "Conflict",
    "MergeFailed",
    "MergeStatus",
    "Merged",
    "OldDatabase",
    "Plan",
    "RollbackStatus",
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
