import fsspec
import json

def save(rows):
    fs = fsspec.filesystem("file")
    with fs.open("bucket/rows.out", "w") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")
    with fsspec.open("bucket/more.out", "wt") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")
