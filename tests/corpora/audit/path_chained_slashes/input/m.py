import json
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
OUT = (
    HERE
    / "artifacts"
    / "bench"
    / "latency.txt"
)

def save(rows):
    with OUT.open("w") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")
