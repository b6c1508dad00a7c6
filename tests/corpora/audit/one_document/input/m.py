import json
import os
from pathlib import Path


def f(e):
    with open('a.json', 'w') as h:
        h.write(json.dumps(e) + '\n')
    Path('b.json').write_text(json.dumps(e))
