"""A run of the program wrote one file from several processes.

They had it open for writing at the same time, or opened it in turns. Lines of several processes can mix: an append is
whole only when each record is one write, and a truncation takes away what the others wrote.
"""

from __future__ import annotations

CODE = "A502"
