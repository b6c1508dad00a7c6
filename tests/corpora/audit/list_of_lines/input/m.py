import json
import os
from pathlib import Path


def f(es):
    lines = [json.dumps(e) for e in es]
    Path('a.txt').write_text('\n'.join(lines))
