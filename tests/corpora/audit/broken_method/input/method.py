import json

class Store:
    PATH = 'store/all.jsonl'

    def add(self, e):
        with open(self.PATH, 'a') as h:
            h.write(json.dumps(e) + '\n')

    def bad(self):
        if True
            return [1, 2
      else:
        pass

    def rows(self):
        with open(self.PATH) as h:
            return [json.loads(line) for line in h]
