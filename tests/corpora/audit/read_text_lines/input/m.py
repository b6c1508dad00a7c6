import json
import os
from pathlib import Path


def f():
    for line in Path('a.txt').read_text().splitlines():
        json.loads(line)
