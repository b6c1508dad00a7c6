import json

class Predictor:
    def dump_line(self, row):
        return json.dumps(row) + "\n"

class Manager:
    def __init__(self, predictor: Predictor, output="predictions.out"):
        self._predictor = predictor
        self._file = open(output, "w")

    def _results(self, batch):
        for row in batch:
            yield self._predictor.dump_line(row)

    def _keep(self, index, line, note=None):
        if note:
            print(note)
        self._file.write(line)

    def run(self, batch):
        for i, (row, line) in enumerate(zip(batch, self._results(batch))):
            self._keep(i, line, str(row))
