"""A source file does not parse.

It is read by a tolerant pass that blanks the lines the parser refuses. Findings in it have low confidence, and
there may be more that this pass cannot see.
"""

from __future__ import annotations

CODE = "A401"
