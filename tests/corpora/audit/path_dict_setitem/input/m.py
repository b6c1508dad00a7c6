import json
import os

paths = {}
paths["wins"] = os.path.join("arena", "wins.txt")

def won(m):
    with open(paths["wins"], "a") as f:
        f.write(json.dumps(m) + "\n")
