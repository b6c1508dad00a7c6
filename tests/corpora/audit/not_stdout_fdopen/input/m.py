import json
import os
import sys

def emit(rows):
    with os.fdopen(sys.stdout.fileno(), "w", closefd=False) as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")
