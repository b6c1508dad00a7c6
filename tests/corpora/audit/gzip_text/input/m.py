import gzip
import json

def save(rows):
    with gzip.open("rows.gz", "wt", encoding="utf-8") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")
