"""Several places write one file.

Lines of different shapes end up side by side, and writers in different processes can interleave. One table per
kind of event, written through one store, takes this away.
"""

from __future__ import annotations

CODE = "A301"
