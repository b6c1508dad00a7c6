import json

class Writer:
    def __init__(self, path="w/rows.txt"):
        self.path = path

    def __enter__(self):
        self.file = open(self.path, "w")
        return self

    def __exit__(self, *exc):
        self.file.close()

    def write(self, row):
        self.file.write(json.dumps(row) + "\n")
