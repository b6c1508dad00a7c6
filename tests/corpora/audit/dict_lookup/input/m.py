import json
import os
from pathlib import Path


FILES = {'a': 'a.jsonl', 'b': 'b.md'}


def f(e):
    with open(FILES['b'], 'a') as h:
        h.write(json.dumps(e) + '\n')
