import json

class Log:
    def __init__(self, overwrite=False):
        self.mode = "w" if overwrite else "a"

    def say(self, rows):
        with open("attr.out", self.mode) as f:
            for row in rows:
                f.write(json.dumps(row) + "\n")
