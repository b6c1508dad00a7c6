import json
from dataclasses import dataclass

@dataclass
class Sink:
    path: str

    def put(self, x):
        with open(self.path, "a") as f:
            f.write(json.dumps(x) + "\n")

def main():
    Sink("runs/a.log").put({})
