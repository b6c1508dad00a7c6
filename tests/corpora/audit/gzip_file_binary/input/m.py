import gzip
import json

def save(rows):
    with gzip.GzipFile("rows.dat.gz", "ab") as f:
        for row in rows:
            f.write((json.dumps(row) + "\n").encode())
