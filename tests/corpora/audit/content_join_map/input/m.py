import json
from pathlib import Path

def save(rows):
    Path("mapped.out").write_text("\n".join(map(json.dumps, rows)))
