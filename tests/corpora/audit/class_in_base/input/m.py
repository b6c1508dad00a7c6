import json


class Base:
    FILE = 'base.jsonl'


class Sink(Base):
    def f(self, e):
        with open(self.FILE, 'a') as h:
            h.write(json.dumps(e) + '\n')
