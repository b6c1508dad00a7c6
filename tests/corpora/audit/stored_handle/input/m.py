import json
import os
from pathlib import Path


class A:
    def __init__(self):
        self.h = open('a.jsonl', 'a')

    def f(self, e):
        self.h.write(json.dumps(e) + '\n')
