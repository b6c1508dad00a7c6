import json
import os
from pathlib import Path


LOG = Path('data') / 'a.jsonl'


def f(e):
    with LOG.open('a') as h:
        h.write(json.dumps(e) + '\n')
