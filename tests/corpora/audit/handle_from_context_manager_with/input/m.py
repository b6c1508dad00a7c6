import json
import os
from contextlib import contextmanager

@contextmanager
def atomic(path):
    part = path + ".part"
    with open(part, "w") as f:
        yield f
    os.replace(part, path)

def save(rows):
    with atomic("at/rows.out") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")
