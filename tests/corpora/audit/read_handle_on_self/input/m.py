import json

class Tail:
    def __init__(self):
        self.f = open("tail.txt")

    def poll(self):
        return [json.loads(line) for line in self.f]
