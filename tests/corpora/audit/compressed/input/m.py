import gzip
import json


def f(e):
    with gzip.open('a.jsonl.gz', 'at') as h:
        h.write(json.dumps(e) + '\n')
