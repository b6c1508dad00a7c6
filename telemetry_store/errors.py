"""Every error this package raises, in one tree; each carries a hint that says what to do.

TelemetryError
├── UsageError             the call is wrong; nothing was stored
│   ├── TableNameError
│   ├── EventError
│   ├── DeclarationError
│   └── ClockDoubtful
├── StoreClosed            record, sync or query after close()
├── SpoolError             the event could not be put into the spool
│   ├── SpoolFull
│   ├── SpoolUnwritable
│   └── SpoolNewer
├── DatabaseError          the database refused; events wait in the spool
│   ├── DatabaseBusy       (retry)
│   ├── DatabaseFull       (retry)
│   ├── DatabaseReadOnly   (retry)
│   ├── DatabaseMissing
│   ├── DatabaseNewer
│   ├── NotADatabase
│   └── BackupFailed
├── ArchiveDamaged         a file of an archive is missing, or is not what it was
├── QueryError             the SQL given to query() is wrong or not read-only
│   └── QueryStopped       it took too long, or too much memory
└── SettingsError          a settings file or environment variable makes no sense
"""

from __future__ import annotations


class TelemetryError(Exception):
    """Base of all errors of this package.

    Args:
        message: what went wrong, in one sentence.
        hint: what the reader can do about it, or an empty string.
    """

    #: True where the same call may succeed later without any change.
    retry = False

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message} ({self.hint})" if self.hint else message


class UsageError(TelemetryError, ValueError):
    """The call is wrong; nothing was stored."""


class TableNameError(UsageError):
    """A table name is a lower- or upper-case identifier of at most 63 characters, with no leading underscore."""


class EventError(UsageError):
    """The event is not a mapping, or lacks a field that its declared table requires."""


class DeclarationError(UsageError):
    """An EventTable contradicts itself or an earlier declaration."""


class ClockDoubtful(UsageError):
    """The clock may have jumped ahead, so nothing is deleted by it."""


class StoreClosed(TelemetryError):
    """The store was closed."""


class SpoolError(TelemetryError):
    """The event could not be put into the spool; it was not acknowledged."""


class SpoolFull(SpoolError):
    """The disk is full, or the backlog limit is reached and the policy is to raise."""

    retry = True


class SpoolUnwritable(SpoolError):
    """The spool directory cannot be made or written."""


class SpoolNewer(SpoolError):
    """The spool was written by a newer version of this package."""


class DatabaseError(TelemetryError):
    """The database refused; events wait in the spool."""


class DatabaseBusy(DatabaseError):
    """Another program holds the write lock."""

    retry = True


class DatabaseFull(DatabaseError):
    """The disk that holds the database is full."""

    retry = True


class DatabaseReadOnly(DatabaseError):
    """The database, or its folder, cannot be written."""

    retry = True


class DatabaseMissing(DatabaseError):
    """There is no database at that path."""


class DatabaseNewer(DatabaseError):
    """The database was migrated by a newer version of this package."""


class NotADatabase(DatabaseError):
    """The file is not an SQLite database, or is damaged."""


class BackupFailed(DatabaseError):
    """A copy of a database did not pass its checks."""


class ArchiveDamaged(TelemetryError):
    """A file of an archive is missing, or is not what it was."""


class QueryError(TelemetryError):
    """The SQL is wrong, or would change something."""


class QueryStopped(QueryError):
    """The query took too long, or its result is too large."""


class SettingsError(TelemetryError):
    """A settings file or an environment variable makes no sense."""
