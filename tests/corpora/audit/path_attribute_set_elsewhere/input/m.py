import json
import os

class Runner:
    def prepare(self, root="work"):
        self._trace = os.path.join(root, "trace.out")

    def emit(self, ev):
        with open(self._trace, "a") as sink:
            sink.write(json.dumps(ev, default=str) + os.linesep)
