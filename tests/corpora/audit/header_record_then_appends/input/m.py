import json

class Recorder:
    def __init__(self, path):
        self.path = path
        with open(path, "wb") as f:
            f.write((json.dumps({"spec": 1}) + "\n").encode())

    def record(self, events):
        with open(self.path, "ab") as f:
            for event in events:
                f.write((json.dumps(event) + "\n").encode())
