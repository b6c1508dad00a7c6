import json
import os
from pathlib import Path


def f(e):
    path = os.getenv('EVENTS', 'var/e.jsonl')
    with open(path, 'a') as h:
        h.write(json.dumps(e) + '\n')
