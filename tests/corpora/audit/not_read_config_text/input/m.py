import json
from pathlib import Path

def load():
    raw = Path("config.json").read_text()
    raw = "\n".join(l for l in raw.splitlines() if not l.strip().startswith("//"))
    return json.loads(raw)
