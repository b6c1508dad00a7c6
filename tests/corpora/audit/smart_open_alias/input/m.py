import json
from smart_open import open as sopen

def save(rows):
    with sopen("s3://bucket/rows.out", "w") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")
