import json
import os

def check():
    if os.path.exists("events.jsonl"):
        return json.dumps({"size": os.path.getsize("events.jsonl")})
    return None
