import json
import os
import tempfile

def save(rows):
    fd, tmp = tempfile.mkstemp(dir="state")
    with os.fdopen(fd, "w") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")
    os.replace(tmp, "state/rows.out")
