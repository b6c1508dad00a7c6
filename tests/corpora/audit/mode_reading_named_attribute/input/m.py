import json

class Log:
    mode = "r"

    def say(self):
        with open("attr.cfg", self.mode) as f:
            return json.loads(f.read())
