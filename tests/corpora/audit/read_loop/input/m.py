import json
import os
from pathlib import Path


def f(path='a.log'):
    with open(path) as h:
        return [json.loads(line) for line in h if line.strip()]
