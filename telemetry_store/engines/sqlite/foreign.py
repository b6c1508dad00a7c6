"""Databases of others, who may be using them: read at one moment, watched, copied, and taken for oneself.

A plain open() of a database that somebody has open would drop SQLite's locks, so nothing here ever does that.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from telemetry_store.engines.sqlite.open import Access, Connection, Error, code_of, connect, translating
from telemetry_store.segment import sync_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: How SQLite refuses to read where it first has to put the file right: a hot journal, a log without its index.
_WRITES_FIRST = ("SQLITE_READONLY", "SQLITE_CANTOPEN")
#: How long to wait for others before one says that they are there, in seconds.
_SHORTLY = 1.0


@contextlib.contextmanager
def moment_of(path: str) -> Iterator[Connection]:
    """A connection that only reads, and sees the database as it is at one moment.

    Where a writer died half-way, SQLite first puts the file right.

    Raises:
        Error: it is no database, is damaged, or somebody keeps it locked.
    """
    try:
        connection = _begun(path, Access.READ)
    except Error as error:
        if not code_of(error).startswith(_WRITES_FIRST):
            raise
        connection = _begun(path, Access.WRITE)
    with contextlib.closing(connection):
        yield connection


def _begun(path: str, access: Access) -> Connection:
    connection = connect(path, access)
    try:
        connection.execute("PRAGMA query_only = 1")
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on it is one moment
    except Error:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def watching(path: str) -> Iterator[Callable[[], bool]]:
    """Tells whether somebody has written to a database since this began; keeps nobody waiting."""
    question = "PRAGMA data_version"  # other connections' commits change it
    with contextlib.closing(connect(path, Access.READ)) as connection:
        before = connection.execute(question).fetchone()
        yield lambda: connection.execute(question).fetchone() != before


@contextlib.contextmanager
def taken(path: str) -> Iterator[Connection]:
    """A connection that shares the database with nobody.

    A database with a write-ahead log tells whether anybody else has it open, any other only whether it is in use.

    Raises:
        OperationalError: somebody has it.
    """
    with contextlib.closing(connect(path, Access.WRITE, _SHORTLY)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        yield connection


def copy_moment(source: Connection, to: str) -> None:
    """Copy what a connection sees at one moment, in one step, into a new or empty file; the caller synchronises it."""
    with contextlib.closing(connect(to, Access.CREATE)) as target:
        target.execute("PRAGMA synchronous = OFF")
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")  # a single file, which a read-only disk can hold as well


def copy_database(path: str, to: str) -> None:
    """Copy a database as it is at one moment, whoever is writing to it, into a new file that is on the disk then.

    Raises:
        DatabaseError: by cause.
    """
    with translating(path), moment_of(path) as source:
        copy_moment(source, to)
    sync_file(to)
    os.chmod(to, os.stat(path).st_mode & 0o777)  # no more people may read it than the original
