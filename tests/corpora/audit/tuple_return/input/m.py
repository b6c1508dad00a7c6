import json
import os
from pathlib import Path


def paths(n):
    return Path(n), Path('m') / f'{n}.jsonl'


def f(e):
    one, two = paths('k')
    with open(two, 'a') as h:
        h.write(json.dumps(e) + '\n')
