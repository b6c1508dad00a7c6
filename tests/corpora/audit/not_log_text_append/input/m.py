import json
from datetime import datetime

def log(event, data):
    stamp = datetime.now().isoformat()
    with open("app.log", "a") as f:
        f.write(f"[{stamp}] {event} {json.dumps(data)}\n")
