"""A rule failed on a file.

The file is listed and the audit goes on. Please report it: a rule must not fail on any source.
"""

from __future__ import annotations

CODE = "A402"
