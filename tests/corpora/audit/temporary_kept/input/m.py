import json
import tempfile

def upload(rows, client):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as tmp:
        for row in rows:
            tmp.write(json.dumps(row) + "\n")
        tmp.flush()
        client.upload(tmp.name)
