import json
import os
from pathlib import Path


def put(path, e):
    with open(path, 'a') as h:
        h.write(json.dumps(e) + '\n')


def f(e):
    put('x/a.jsonl', e)
    put(f'x/{e.id}.log', e)
