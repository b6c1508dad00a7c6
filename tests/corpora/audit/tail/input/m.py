import json
import os
from pathlib import Path


def f():
    with open('a.log') as h:
        h.seek(10)
        lines = h.read().split('\n')
        for line in reversed(lines):
            line = line.strip()
            yield json.loads(line)
