import json

CONFIG = {"paths": {"events": "ev/all.txt"}}

def log(m):
    with open(CONFIG["paths"]["events"], "a") as f:
        f.write(json.dumps(m) + "\n")
