import json
import os
from pathlib import Path


def f():
    kept = []
    with open('a.log') as h:
        for line in h:
            if json.loads(line):
                kept.append(line)
    with open('a.log', 'w') as h:
        h.writelines(kept)
