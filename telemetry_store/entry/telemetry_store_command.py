"""The `telemetry` command begins here: first the import path is put in order, then anything else is imported.

An installed package has this file at the top level, beside `telemetry_store`; the script in `bin/` imports it under a
name that no module of a user has.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
#: The folder that holds `telemetry_store`: in a checkout it is not the one that holds this file.
_HOME = os.path.dirname(os.path.dirname(_HERE)) if os.path.basename(_HERE) == "entry" else _HERE


def main() -> None:
    """Run the command."""
    sys.path.insert(0, _HOME)
    from telemetry_store.import_path import trusted

    sys.path[:] = trusted(sys.path[1:])
    from telemetry_store.cli import main as run

    run()
