import json

def env(values):
    with open(".env", "a") as f:
        for k, v in values.items():
            f.write(f"{k}={json.dumps(v)}\n")
