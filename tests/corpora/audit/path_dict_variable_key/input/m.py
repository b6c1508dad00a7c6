import json

FILES = {"info": "info.txt", "error": "error.txt"}

def log(level, m):
    with open(FILES[level], "a") as f:
        f.write(json.dumps(m) + "\n")
