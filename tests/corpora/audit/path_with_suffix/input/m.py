import json
from pathlib import Path

def convert(rows):
    source = Path("data/export.csv")
    with source.with_suffix(".jsonl").open("w") as out:
        out.writelines(json.dumps(r) + "\n" for r in rows)
