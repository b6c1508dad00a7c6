"""A104 call-site: a call chooses the file that a helper writes.

The helper opens a path that depends on its parameters, so the helper alone does not say which file it is. Every
call that can be attributed to it is listed with the file that its arguments give.
"""

from __future__ import annotations

CODE = "A104"
