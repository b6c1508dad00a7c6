import json

def emit(e):
    # with open("events.jsonl", "a") as f: f.write(json.dumps(e) + "\n")
    return json.dumps(e)
