"""A file is truncated in one place and appended to in another.

What is appended between the read and the rewrite is lost without an error, and readers see half a file.
"""

from __future__ import annotations

CODE = "A302"
