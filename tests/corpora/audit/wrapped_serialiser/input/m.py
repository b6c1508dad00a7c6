import json
import os
from pathlib import Path


def _line(e):
    return json.dumps(e, sort_keys=True)


def f(es):
    with Path('f.out').open('w') as h:
        for e in es:
            h.write(_line(e) + '\n')
