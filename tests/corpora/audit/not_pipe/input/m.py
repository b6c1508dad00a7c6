import json
import os

def emit(rows):
    r, w = os.pipe()
    with os.fdopen(w, "w") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")
    return r
