import json
import zstandard as zstd

def save(rows):
    with zstd.open("rows.zst", "wt") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")
