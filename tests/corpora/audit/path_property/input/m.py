import json
from pathlib import Path

class Store:
    def __init__(self):
        self.root = Path("store")

    @property
    def path(self):
        return self.root / "items.lines"

    def put(self, item):
        with open(self.path, "a") as f:
            f.write(json.dumps(item) + "\n")
