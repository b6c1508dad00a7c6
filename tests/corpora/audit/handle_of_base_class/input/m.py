import json

class Opened:
    def __init__(self):
        self.out = open("base/out.txt", "a")

class Lines(Opened):
    def put(self, row):
        self.out.write(json.dumps(row) + "\n")
