import json

class Session:
    def __init__(self):
        self.out = open("session.out", "w")

    def _emit(self, text):
        self.out.write(text)

    def add(self, row):
        self._emit(json.dumps(row) + "\n")
