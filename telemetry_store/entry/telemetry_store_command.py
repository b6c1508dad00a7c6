"""The `telemetry` command begins here: first the import path is put in order, then anything else is imported.

An installed package has this file at the top level too, beside `telemetry_store`, and the script in `bin/` imports it
from there: its name is one that no user's module has. It imports nothing that Python has not loaded by itself.
"""

import os
import site
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
#: The folder that holds `telemetry_store`.
_HOME = os.path.dirname(os.path.dirname(_HERE)) if os.path.basename(_HERE) == "entry" else _HERE


def trusted(path: list[str]) -> list[str]:
    """The entries of an import path from which no name of the working directory can come, the surest ones first.

    Args:
        path: as in `sys.path`.

    Returns:
        The same without the working directory and whatever is relative to it, unless packages are installed there;
        what PYTHONPATH names stands behind the standard library and the installed packages.
    """
    try:
        here = _resolved(os.getcwd())
    except OSError:  # it was deleted
        here = ""
    installed = set(filter(None, (_HOME, *site.getsitepackages(), site.USER_SITE)))
    allowed = {_resolved(folder) for folder in installed}
    kept = [entry for entry in path if os.path.isabs(entry) and (_resolved(entry) != here or here in allowed)]
    variable = "" if sys.flags.ignore_environment else os.environ.get("PYTHONPATH", "")
    named = {os.path.abspath(entry) for entry in variable.split(os.pathsep)} - installed
    return sorted(kept, key=named.__contains__)


def _resolved(folder: str) -> str:
    return os.path.normcase(os.path.realpath(folder))


def main() -> None:
    """Run the command."""
    sys.path[:] = trusted(sys.path)
    from telemetry_store.cli import main as run

    run()
