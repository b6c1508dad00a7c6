import json
from fastapi.responses import StreamingResponse

def endpoint(rows):
    def body():
        for row in rows:
            yield json.dumps(row) + "\n"
    return StreamingResponse(body(), media_type="application/x-ndjson")
