import json
import os
from pathlib import Path


def f(e, now):
    with open(f'logs/run_{now:%Y%m%d}.txt', 'a') as h:
        h.write(json.dumps(e) + '\n')
