import json
import os

SINK = os.environ.get("AGENT_SINK", "agent/actions.log")

def act(a):
    with open(SINK, "a") as f:
        f.write(json.dumps(a) + "\n")
