import json

class Batch:
    def __init__(self):
        self.lines = []

    def add(self, row):
        self.lines.append(json.dumps(row) + "\n")

    def flush(self):
        with open("batch.out", "a") as f:
            f.writelines(self.lines)
        self.lines.clear()
