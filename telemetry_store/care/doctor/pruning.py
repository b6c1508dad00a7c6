"""D601: a prune that was broken off.

The next one goes on; until then rows are in the table and in a file, and count once.

D602: files of the archive that are not where they were put.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from telemetry_store.care.pruned import State, entries
from telemetry_store.care.retention import under_way
from telemetry_store.finding import Finding, Look, Remedy, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_store.engines.base import Reader


def check(look: Look, reader: Reader) -> Iterator[Finding]:
    """The ledger against what is there."""
    if "_pruned" not in reader.catalogue.system:
        return
    ledger = entries(reader)
    broken = [entry.file for entry in ledger if entry.state is not State.DONE]
    if broken and not under_way(look.settings):
        message, hint = f"{len(broken)} steps of a prune were broken off", "prune again, or `telemetry doctor --fix`"
        yield Finding("D601", "pruning", Severity.WARNING, message, hint, {"files": broken[:20]}, Remedy.RESUME)
    else:
        yield Finding("D601", "pruning", Severity.OK, "under way" if broken else "nothing is half done")
    archived = [entry for entry in ledger if entry.file and entry.state is not State.WRITING]
    at_hand = [entry for entry in archived if os.path.isdir(entry.folder)]  # a disk that is not mounted misses nothing
    gone = [entry.file for entry in at_hand if not os.path.exists(os.path.join(entry.folder, entry.file))]
    if gone:
        message = f"{len(gone)} files of the archive are gone, such as {gone[0]}"
        hint = "bring them back from a copy: their rows are nowhere else"
        yield Finding("D602", "archive", Severity.WARNING, message, hint, {"files": gone[:20]})
    else:
        yield Finding("D602", "archive", Severity.OK, "all files are there")
