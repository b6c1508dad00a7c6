import json
import os
import tempfile

def save(rows, path="state/rows.out"):
    with tempfile.NamedTemporaryFile("w", dir="state", delete=False) as tmp:
        for row in rows:
            tmp.write(json.dumps(row) + "\n")
    os.replace(tmp.name, path)
