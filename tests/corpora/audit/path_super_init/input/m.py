import json

class Base:
    def __init__(self, path):
        self.path = path

    def put(self, x):
        with open(self.path, "a") as f:
            f.write(json.dumps(x) + "\n")

class Chat(Base):
    def __init__(self):
        super().__init__("chat/turns.log")
