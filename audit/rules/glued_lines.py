"""JSON documents are written without a newline between them.

A reader that goes line by line sees one bad line.
"""

from __future__ import annotations

CODE = "A305"
