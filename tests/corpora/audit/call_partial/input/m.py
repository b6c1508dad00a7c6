import json
from functools import partial

def append(path, record):
    with open(path, "a") as f:
        f.write(json.dumps(record) + "\n")

log_error = partial(append, "partial/errors.txt")
log_info = partial(append, path="partial/info.txt")

def main():
    log_error({})
