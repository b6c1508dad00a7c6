import json
import os

SOURCE = "bench/input.csv"

def convert(rows):
    with open(os.path.splitext(SOURCE)[0] + ".jsonl", "w") as f:
        for r in rows:
            f.write(json.dumps(r) + "\n")
