import json

class Message:
    def __init__(self, body):
        self.raw = json.dumps(body)

    def save(self):
        with open("raw.out", "a") as f:
            f.write(self.raw + "\n")
