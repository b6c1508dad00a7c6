import json

def append(path, record):
    with open(path, "a") as f:
        f.write(json.dumps(record) + "\n")

class Hooks:
    def __init__(self):
        self.on_end = lambda r: append("hooks/end.txt", r)
