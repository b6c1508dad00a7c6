import json
from pathlib import Path

def add(n):
    path = Path.cwd().joinpath("notes", "all.txt")
    with path.open("a") as f:
        f.write(json.dumps(n) + "\n")
