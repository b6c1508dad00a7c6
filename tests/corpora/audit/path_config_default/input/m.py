import json

def log(config, m):
    with open(config.get("history", "history.txt"), "a") as f:
        f.write(json.dumps(m) + "\n")
