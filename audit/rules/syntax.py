"""A source file does not parse.

It is read by a tolerant pass: statements of Python 2 are rewritten, the lines that the parser refuses are blanked, and
then the smallest block around them. Findings in it have low confidence, and there may be more that this pass cannot
see. A notebook that is no JSON is listed too, and nothing in it is read.
"""

from __future__ import annotations

CODE = "A401"
