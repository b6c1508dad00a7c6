import json
import os
from pathlib import Path

def convert(rows):
    src = Path("in/day1.csv")
    with open(f"out/{src.stem}.jsonl", "w") as f:
        for r in rows:
            f.write(json.dumps(r) + "\n")
    with open(os.path.join("copy", os.path.basename("in/day2.jsonl")), "w") as f:
        for r in rows:
            f.write(json.dumps(r) + "\n")
