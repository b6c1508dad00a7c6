import json
import zstandard

def save(rows):
    cctx = zstandard.ZstdCompressor(level=3)
    with open("stream.zst", "wb") as raw:
        with cctx.stream_writer(raw) as f:
            for row in rows:
                f.write(json.dumps(row).encode() + b"\n")
