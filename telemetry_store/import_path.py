"""Which entries of an import path may be trusted, and where the tools are.

The command asks this before anything else, so it imports nothing that Python has not loaded by itself; neither does the
package above it, which is why both do without `from __future__`.
"""

import os
import site
import sys

#: The folder that holds this package.
HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def trusted(path: list[str]) -> list[str]:
    """The entries of an import path from which no name of the working directory can come, the surest ones first.

    So neither the working directory nor what is relative to it stays, unless packages are installed there; what
    PYTHONPATH names comes behind the standard library and the installed packages.
    """
    try:
        here = _resolved(os.getcwd())
    except OSError:  # it was deleted
        here = ""
    installed = set(filter(None, (HOME, *site.getsitepackages(), site.USER_SITE)))
    allowed = {_resolved(folder) for folder in installed}
    texts = [entry for entry in path if isinstance(entry, str)]  # as Python does, which passes over anything else
    kept = [entry for entry in texts if os.path.isabs(entry) and (_resolved(entry) != here or here in allowed)]
    variable = "" if sys.flags.ignore_environment else os.environ.get("PYTHONPATH", "")
    named = {os.path.abspath(entry) for entry in variable.split(os.pathsep)} - installed
    return sorted(kept, key=named.__contains__)


def provide_tools() -> None:
    """Let the command import `audit` and `importers` before any others of these names, which a user may have too."""
    inside = os.path.join(HOME, "telemetry_store", "_tools")
    folder = inside if os.path.isdir(inside) else HOME  # the second in a checkout
    sys.path[:] = [folder, *(entry for entry in sys.path if entry != folder)]


def _resolved(folder: str) -> str:
    return os.path.normcase(os.path.realpath(folder))
