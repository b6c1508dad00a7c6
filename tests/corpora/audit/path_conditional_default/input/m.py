import json
from pathlib import Path

class Tracker:
    def __init__(self, path=None):
        self.path = Path(path) if path else Path("usage") / "tokens.txt"

    def add(self, n):
        with self.path.open("a") as f:
            f.write(json.dumps({"n": n}) + "\n")
