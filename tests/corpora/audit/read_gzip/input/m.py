import gzip
import json

def load():
    with gzip.open("in.gz", "rt") as f:
        for line in f:
            yield json.loads(line)
