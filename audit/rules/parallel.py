"""A file is written from threads, processes or coroutines.

Appends of several processes interleave when a record is larger than the buffer of its handle.
"""

from __future__ import annotations

CODE = "A303"
