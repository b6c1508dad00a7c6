import io
import json

def upload(rows, bucket):
    buf = io.BytesIO()
    for row in rows:
        buf.write(json.dumps(row).encode() + b"\n")
    bucket.put_object(Key="rows.jsonl", Body=buf.getvalue())
