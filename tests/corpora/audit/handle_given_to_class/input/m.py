import json

class Emitter:
    def __init__(self, stream):
        self.stream = stream

    def emit(self, row):
        self.stream.write(json.dumps(row) + "\n")

def main(rows):
    with open("cls/rows.out", "w") as f:
        e = Emitter(f)
        for row in rows:
            e.emit(row)
