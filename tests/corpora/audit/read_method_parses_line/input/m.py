import json

class Reader:
    def _row(self, text):
        return json.loads(text.strip())

    def rows(self):
        with open("in.txt") as f:
            for line in f:
                yield self._row(line)
