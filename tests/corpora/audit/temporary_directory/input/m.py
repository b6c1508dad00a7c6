import json
import os
import tempfile

def upload(rows, client):
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "batch.txt")
        with open(path, "w") as f:
            for row in rows:
                f.write(json.dumps(row) + "\n")
        client.upload(path)
