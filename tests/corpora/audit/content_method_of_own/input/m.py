import json

class Event:
    def __init__(self, n):
        self.n = n

    def to_line(self):
        return json.dumps({"n": self.n}) + "\n"

def save(n):
    event = Event(n)
    with open("own.out", "a") as f:
        f.write(event.to_line())
