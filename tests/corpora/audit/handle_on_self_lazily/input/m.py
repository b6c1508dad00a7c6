import json

class Recorder:
    def __init__(self):
        self._fh = None

    def _open(self):
        if self._fh is None:
            self._fh = open("rec/frames.dat", "ab")
        return self._fh

    def add(self, frame):
        fh = self._open()
        fh.write(json.dumps(frame).encode("utf-8") + b"\n")
