import json
import anyio

async def save(row):
    async with await anyio.open_file("any.out", "a") as f:
        await f.write(json.dumps(row) + "\n")
