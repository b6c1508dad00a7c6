import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def f(e):
    with (ROOT / 'var' / 'e.jsonl').open('a') as h:
        h.write(json.dumps(e) + '\n')
