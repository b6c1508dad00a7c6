"""Old databases for tests: the nine of a real consolidation plan."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

#: File → what is in it. The names and their clashes are those of the plan; `notifications` stands in two files.
NINE = {
    "roadmap.db": """
        CREATE TABLE roadmap_items (id TEXT PRIMARY KEY, title TEXT NOT NULL, status TEXT COLLATE NOCASE);
        CREATE TABLE roadmap_audit (id INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT REFERENCES roadmap_items (id)
            ON DELETE CASCADE, change TEXT, changed_at TEXT DEFAULT CURRENT_TIMESTAMP);
        CREATE TABLE roadmap_metadata (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
        CREATE TABLE technical_specs (id INTEGER PRIMARY KEY, item TEXT REFERENCES roadmap_items, body BLOB);
        CREATE TABLE implementation_tasks (id INTEGER PRIMARY KEY, spec INTEGER NOT NULL REFERENCES technical_specs,
            parent INTEGER REFERENCES implementation_tasks (id), state TEXT CHECK (state IN ('open', 'done')));
        CREATE TABLE task_group_dependencies (task INTEGER REFERENCES implementation_tasks, needs INTEGER
            REFERENCES implementation_tasks, PRIMARY KEY (task, needs)) WITHOUT ROWID;
        CREATE TABLE code_reviews (id INTEGER PRIMARY KEY, score REAL, passed AS (score >= 0.5));
        CREATE TABLE implementation_commits (sha TEXT UNIQUE, item TEXT);
        CREATE TABLE notifications (id INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT, message TEXT);
        CREATE TABLE audit_trail (at TEXT, what TEXT);
        CREATE TABLE schema_metadata (name TEXT PRIMARY KEY, description TEXT);
        CREATE INDEX idx_status ON roadmap_items (status);
        CREATE INDEX idx_open ON implementation_tasks (spec) WHERE state = 'open';
        CREATE TRIGGER audited AFTER UPDATE OF status ON roadmap_items
            BEGIN INSERT INTO roadmap_audit (item, change) VALUES (NEW.id, OLD.status || '→' || NEW.status); END;
        CREATE VIEW open_tasks AS SELECT t.*, s.item FROM implementation_tasks AS t JOIN technical_specs AS s
            ON s.id = t.spec WHERE t.state = 'open';
        INSERT INTO roadmap_items VALUES ('US-1', 'first', 'open'), ('US-2', 'second', 'Done');
        UPDATE roadmap_items SET status = 'done' WHERE id = 'US-1';
        INSERT INTO roadmap_metadata VALUES ('synced', 12.5), ('raw', x'00ff'), ('n', NULL);
        INSERT INTO technical_specs VALUES (7, 'US-1', x'0001'), (9, 'US-2', NULL);
        INSERT INTO implementation_tasks VALUES (1, 7, NULL, 'open'), (2, 7, 1, 'done'), (5, 9, 2, 'open');
        INSERT INTO task_group_dependencies VALUES (2, 1), (5, 2);
        INSERT INTO code_reviews (score) VALUES (0.25), (1.0), (NULL);
        INSERT INTO implementation_commits VALUES ('abc', 'US-1'), ('def', NULL), (NULL, NULL), (NULL, NULL);
        INSERT INTO notifications (item, message) VALUES ('US-1', 'ready'), ('US-2', 'late'), ('US-2', 'gone');
        DELETE FROM notifications WHERE id = 3;
        INSERT INTO audit_trail VALUES ('a', 'b'), ('a', 'b'), ('c', 'd');
        DELETE FROM audit_trail WHERE rowid = 1;
        INSERT INTO schema_metadata VALUES ('roadmap_items', 'priorities'), ('notifications', 'of the roadmap');
    """,
    "orchestrator.db": """
        CREATE TABLE agent_lifecycle (pid INTEGER PRIMARY KEY, agent TEXT NOT NULL, started_at TEXT);
        CREATE TABLE orchestrator_state (key TEXT PRIMARY KEY, value TEXT);
        CREATE TABLE orchestrator_tasks (id INTEGER PRIMARY KEY AUTOINCREMENT, agent INTEGER
            REFERENCES agent_lifecycle (pid), payload TEXT);
        CREATE TABLE bugs (id INTEGER PRIMARY KEY, task INTEGER, FOREIGN KEY (task) REFERENCES orchestrator_tasks (id));
        CREATE INDEX idx_status ON agent_lifecycle (started_at);
        INSERT INTO agent_lifecycle VALUES (11, 'code', '2025-10-25T10:00:00'), (12, 'review', NULL);
        INSERT INTO orchestrator_state VALUES ('paused', 'no');
        INSERT INTO orchestrator_tasks (agent, payload) VALUES (11, '{}'), (12, 'x'), (NULL, '');
        INSERT INTO bugs VALUES (1, 2), (2, NULL);
    """,
    "notifications.db": """
        CREATE TABLE notifications (id INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT, text TEXT, seen INTEGER DEFAULT 0);
        CREATE TABLE system_state (key TEXT PRIMARY KEY, value TEXT) STRICT;
        CREATE INDEX idx_status ON notifications (seen, lower(user));
        INSERT INTO notifications (user, text) VALUES ('ann', 'hello'), ('Bob', 'ho'), ('ann', 'bye');
        INSERT INTO system_state VALUES ('version', '3');
    """,
    "agent_messages.db": """
        CREATE TABLE agent_messages (id TEXT PRIMARY KEY, "from" TEXT, "to" TEXT, "select" TEXT, created_at TEXT);
        INSERT INTO agent_messages VALUES ('m1', 'a', 'b', 'hi', '2025-10-25 10:00:00'), ('m2', 'b', 'a', NULL, NULL);
    """,
    "metrics.db": "CREATE TABLE traces (id TEXT); INSERT INTO traces VALUES ('external');",
    "coffee_maker.db": """
        CREATE TABLE schema_metadata (name TEXT PRIMARY KEY, description TEXT, note TEXT);
        CREATE TABLE task_group_dependencies (a INTEGER, b INTEGER);
        CREATE TABLE commits (sha TEXT);
        CREATE TABLE implementation_tasks (id INTEGER PRIMARY KEY);
        INSERT INTO schema_metadata VALUES ('commits', 'of the agents', 'n'), ('notifications', 'again', NULL);
        INSERT INTO task_group_dependencies VALUES (1, 2), (1, 2);
    """,
    "task_metrics.db": """
        CREATE TABLE subtask_metrics (id INTEGER PRIMARY KEY, took REAL, ok BOOLEAN);
        INSERT INTO subtask_metrics VALUES (1, 0.1, 1), (3, 1e300, 0), (4, -0.0, NULL);
    """,
    "test_unified.db": "CREATE TABLE t (a); INSERT INTO t VALUES (1);",
    "unified_roadmap_specs.db": "",
}

#: What the consolidation plan decides, as a plan for `telemetry merge`.
NINE_PLAN = """
[merge]
views = "read"

[merge.databases."roadmap.db"]
domain = "roadmap"
[merge.databases."roadmap.db".tables]
roadmap_items = { name = "roadmap_priority", doc = "Strategic priorities.", view = "write" }
roadmap_audit = { name = "roadmap_audit" }
roadmap_metadata = { name = "roadmap_metadata" }
technical_specs = { name = "specs_specification" }
implementation_tasks = { name = "specs_task" }
task_group_dependencies = { name = "specs_task_dependency" }
code_reviews = { name = "review_code_review" }
implementation_commits = { name = "review_commit" }
notifications = { name = "notification_roadmap", view = "none" }
audit_trail = { name = "system_audit" }
schema_metadata = { name = "system_schema_metadata" }
open_tasks = { name = "open_tasks" }

[merge.databases."orchestrator.db"]
domain = "orchestrator"
[merge.databases."orchestrator.db".tables]
agent_lifecycle = { name = "orchestrator_agent_lifecycle" }
orchestrator_state = { name = "orchestrator_state" }
orchestrator_tasks = { name = "orchestrator_task" }
bugs = { name = "orchestrator_bug" }

[merge.databases."notifications.db"]
domain = "notification"
[merge.databases."notifications.db".tables]
notifications = { name = "notification_user", view = "write" }
system_state = { name = "notification_system_state" }

[merge.databases."agent_messages.db"]
domain = "messaging"
[merge.databases."agent_messages.db".tables]
agent_messages = { name = "messaging_agent_message" }

[merge.databases."metrics.db"]
action = "keep"

[merge.databases."coffee_maker.db"]
domain = "coffee"
[merge.databases."coffee_maker.db".tables]
schema_metadata = { name = "system_schema_metadata", overlap = "first" }
task_group_dependencies = { name = "coffee_task_dependency", view = "none" }
commits = { action = "skip" }
implementation_tasks = { action = "skip" }

[merge.databases."task_metrics.db"]
domain = "metrics"
[merge.databases."task_metrics.db".tables]
subtask_metrics = { name = "metrics_subtask" }

[merge.databases."test_unified.db"]
action = "delete"

[merge.databases."unified_roadmap_specs.db"]
action = "delete"
"""


def make(path: Path, sql: str) -> Path:
    """A database with this content; an empty file when there is none."""
    path.touch()
    if sql:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript("PRAGMA synchronous = OFF;" + sql)
    return path


def make_nine(folder: Path) -> Path:
    """The nine databases, and the plan for them in merge.toml."""
    for name, sql in NINE.items():
        make(folder / name, sql)
    plan = folder / "merge.toml"
    plan.write_text(NINE_PLAN)
    return plan
