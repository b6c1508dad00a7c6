import json
import os
from pathlib import Path


def f(e):
    with open('a.json', 'a') as h:
        json.dump(e, h)
        h.write('\n')
