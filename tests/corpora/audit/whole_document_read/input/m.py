import json
import os
from pathlib import Path


def f():
    with open('a.json') as h:
        return json.loads(h.read())
