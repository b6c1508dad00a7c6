import json
from pathlib import Path

RAW = Path("corpus/raw.jsonl")

def clean(rows):
    with RAW.with_stem("clean").open("w") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")
