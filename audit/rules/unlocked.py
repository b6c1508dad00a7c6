"""A file with several writers is written without a lock.

No lock was found around the call: neither in the same function nor as a with block.
"""

from __future__ import annotations

CODE = "A306"
