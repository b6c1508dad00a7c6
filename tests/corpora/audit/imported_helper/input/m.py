import json
import os
from pathlib import Path


from sink import put


def f(e, pool):
    put('a.jsonl', e)
    pool.submit(put, 'b.jsonl', e)
