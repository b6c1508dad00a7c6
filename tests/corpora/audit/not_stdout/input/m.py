import json
import sys

def emit(rows):
    for row in rows:
        sys.stdout.write(json.dumps(row) + "\n")
        print(json.dumps(row), file=sys.stderr)
