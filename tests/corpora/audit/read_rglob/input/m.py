import json
from pathlib import Path

def load():
    root = Path("archive")
    for p in root.rglob("*.log"):
        with p.open() as f:
            for line in f:
                yield json.loads(line)
