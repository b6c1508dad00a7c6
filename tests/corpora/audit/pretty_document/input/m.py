import json
import os
from pathlib import Path


def f(e):
    with open('a.json', 'w') as h:
        json.dump(e, h, indent=2)
        h.write('\n')
    with open('b.json', 'a') as h:
        h.write(json.dumps(e, indent=2) + '\n')
