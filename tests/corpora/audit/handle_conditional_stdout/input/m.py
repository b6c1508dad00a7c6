import json
import sys

def dump(rows, path=None):
    out = open("dump.out", "w") if path else sys.stdout
    for row in rows:
        out.write(json.dumps(row) + "\n")
