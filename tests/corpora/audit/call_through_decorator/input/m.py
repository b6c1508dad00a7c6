import functools
import json

def retry(fn):
    @functools.wraps(fn)
    def inner(*args, **kwargs):
        return fn(*args, **kwargs)
    return inner

@retry
def append(path, record):
    with open(path, "a") as f:
        f.write(json.dumps(record) + "\n")

def main():
    append("deco/rows.txt", {})
