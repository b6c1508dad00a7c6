import json
import os

class Journal:
    def __init__(self):
        self.root = "journal"

    def _append(self, name, record):
        with open(os.path.join(self.root, name), "a") as f:
            f.write(json.dumps(record) + "\n")

    def spoke(self, r):
        self._append("spoken.txt", r)

    def heard(self, r):
        self._append("heard.txt", r)
