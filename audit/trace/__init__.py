"""Run a program and see which files it opens: what static analysis calls unknown becomes known.

``run(command, root)`` gives a ``Trace``; ``merge(report, trace)`` gives the report with what was seen. Seen is what
goes through Python: ``open`` in all its forms, ``os.open``, and what stands on them (``gzip``, ``pathlib``,
``logging``), in Python 3.8 and later, in the program and in its Python children. Not seen are files that a C extension
or another program opens by itself, databases among them, and processes that do not get the environment.
"""

from __future__ import annotations

from audit.trace.merge import merge
from audit.trace.program import run
from audit.trace.trace import Content, Frame, Open, Trace

__all__ = ["Content", "Frame", "Open", "Trace", "merge", "run"]
