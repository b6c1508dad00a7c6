import json
from pathlib import Path

def main(rows, out="rows.out"):
    out = Path(out)
    with out.open("w") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")
