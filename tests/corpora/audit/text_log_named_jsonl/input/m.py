import json
import os
from pathlib import Path


def f(e):
    json.dumps(e)
    with open('a.jsonl', 'a') as h:
        h.write('started\n')
