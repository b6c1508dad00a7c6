import json
import os

class Cache:
    root = "cache"

    def _file(self, key):
        return os.path.join(self.root, key + ".lines")

    def add(self, key, value):
        with open(self._file(key), "a") as f:
            f.write(json.dumps(value) + "\n")
