"""What `telemetry doctor --fix` does: only what is safe beside running programs, and loses nothing."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from telemetry_store.care.retention import resume
from telemetry_store.drain import Drain
from telemetry_store.engines import checks_for, sink_for
from telemetry_store.errors import DatabaseBusy
from telemetry_store.finding import Remedy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telemetry_store.finding import Finding, Fix
    from telemetry_store.settings import Settings


def mend(settings: Settings, findings: Iterable[Finding], *, timeout: float = 10.0) -> list[str]:
    """Do what the findings of an examination offer, each thing once; gives what was done, in words.

    Args:
        settings: of which database.
        findings: of an examination.
        timeout: seconds to wait for other processes.

    Raises:
        DatabaseBusy: others did not let go in time; what was done stays done.
        DatabaseError: by cause.
    """
    fixes = dict.fromkeys(finding.fix for finding in findings if finding.fix is not None)
    with contextlib.closing(Drain(os.path.abspath(settings.spool), sink_for(settings))) as drain:
        return [_mend(settings, drain, fix, timeout) for fix in fixes]


def _mend(settings: Settings, drain: Drain, fix: Fix, timeout: float) -> str:
    if fix is Remedy.RESUME:
        resume(settings, timeout=timeout)
        return "ended a prune that was broken off"
    if fix is Remedy.DRAIN:
        drained = drain.run(timeout, tidy=True)
        if not drained.complete:
            raise DatabaseBusy("another process is draining", "it does the same work; look again later")
        return f"drained {drained.counts.stored} events, deleted {drained.deleted} segments, cut back the log"
    with drain.exclusive(timeout) as mine:
        if not mine:
            raise DatabaseBusy("another process is writing to the database", "try again later")
        with drain.sink.transaction(timeout) as transaction:
            return checks_for(settings).mend(transaction, fix)
