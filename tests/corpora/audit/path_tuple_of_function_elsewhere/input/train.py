import json
from layout import layout

def train(run, steps):
    cfg, log_file, _ = layout(run)
    with open(log_file, "a") as f:
        for s in steps:
            f.write(json.dumps(s) + "\n")
