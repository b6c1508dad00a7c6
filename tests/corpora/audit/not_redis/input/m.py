import json

def save(r, rows):
    for row in rows:
        r.rpush("events.jsonl", json.dumps(row))
