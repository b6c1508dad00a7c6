import gzip
import io
import json

def save(rows):
    with io.TextIOWrapper(gzip.open("w.gz", "wb"), encoding="utf-8") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")
