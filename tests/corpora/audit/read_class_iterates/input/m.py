import json

class Rows:
    def __init__(self, path):
        self.path = path

    def __iter__(self):
        with open(self.path) as f:
            for line in f:
                yield json.loads(line)

def main():
    return list(Rows("it/in.txt"))
