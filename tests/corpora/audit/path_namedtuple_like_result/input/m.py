import json
from types import SimpleNamespace

PATHS = SimpleNamespace(done="queue/done.txt", todo="queue/todo.txt")

def finish(job):
    with open(PATHS.done, "a") as f:
        f.write(json.dumps(job) + "\n")
