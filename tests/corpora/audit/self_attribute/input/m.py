import json
import os
from pathlib import Path


class A:
    def __init__(self, base='logs'):
        self.path = os.path.join(base, 'a.ndjson')

    def f(self, e):
        with open(self.path, 'a') as h:
            h.write(json.dumps(e) + '\n')
