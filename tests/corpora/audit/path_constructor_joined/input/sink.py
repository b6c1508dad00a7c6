import json
import os

class Sink:
    def __init__(self, directory):
        self.directory = directory

    def put(self, x):
        with open(os.path.join(self.directory, "events.out"), "a") as f:
            f.write(json.dumps(x) + "\n")
