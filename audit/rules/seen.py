"""A run of the program opened the file here.

`telemetry audit PATH --trace -- COMMAND` runs a program and records which files it opens, from which place, and what
they hold then. What was seen is certain, for this run: another one may open others.
"""

from __future__ import annotations

CODE = "A501"
