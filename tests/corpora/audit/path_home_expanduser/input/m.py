import json
import os

HISTORY = os.path.expanduser("~/.chatcli/history")

def remember(m):
    with open(HISTORY, "a") as f:
        f.write(json.dumps(m) + "\n")
