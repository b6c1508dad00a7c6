import json
from base import Worker

class Fetcher(Worker):
    def done(self, item):
        with self.journal.open("a") as f:
            f.write(json.dumps(item) + "\n")
