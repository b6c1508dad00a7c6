import json

class Bus:
    def __init__(self):
        self.files = {"in": "bus/in.log", "out": "bus/out.log"}

    def sent(self, m):
        with open(self.files["out"], "a") as f:
            f.write(json.dumps(m) + "\n")
