import json

def debug(name, value):
    with open("debug.log", "a") as f:
        f.write(f"{name}: {json.dumps(value)}\n")
