import json

class Event:
    def serialise(self):
        return json.dumps(self.__dict__)

class Log:
    def add(self, event: Event):
        with open("typed.out", "a") as f:
            f.write(event.serialise() + "\n")
