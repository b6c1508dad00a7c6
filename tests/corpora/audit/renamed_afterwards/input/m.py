import json
import os
from pathlib import Path


def f(es):
    path = Path('a.jsonl')
    part = path.with_suffix('.part')
    with part.open('w') as h:
        for e in es:
            h.write(json.dumps(e) + '\n')
    os.replace(part, path)
