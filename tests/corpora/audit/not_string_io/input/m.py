import io
import json

def text(rows):
    buf = io.StringIO()
    for row in rows:
        buf.write(json.dumps(row) + "\n")
    return buf.getvalue()
