import json
import os
from pathlib import Path


def f(es):
    with open('a.csv', 'w') as c, open('e.txt', 'w') as h:
        for e in es:
            c.write('x')
            h.write(json.dumps(e) + '\n')
