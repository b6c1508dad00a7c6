import json
from pathlib import Path

def save(rows):
    Path("joined.out").write_text("\n".join(json.dumps(r) for r in rows) + "\n")
