import io
import json
from pathlib import Path

def save(rows):
    buf = io.StringIO()
    for row in rows:
        buf.write(json.dumps(row) + "\n")
    Path("buffered.out").write_text(buf.getvalue())
