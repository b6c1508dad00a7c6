import blobfile as bf
import json

def save(rows):
    with bf.BlobFile("gs/evals.out", "w") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")
