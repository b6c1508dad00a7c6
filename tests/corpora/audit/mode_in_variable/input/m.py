import json
import os
from pathlib import Path


def f(e, mode='a+'):
    m = 'a'
    with open('a.log', m) as h:
        h.write(json.dumps(e) + '\n')
