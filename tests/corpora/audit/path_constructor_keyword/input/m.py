import json

class Sink:
    def __init__(self, *, path):
        self.path = path

    def put(self, x):
        with open(self.path, "a") as f:
            f.write(json.dumps(x) + "\n")

first = Sink(path="one.log")
second = Sink(path="two.log")
